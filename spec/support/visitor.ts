import { setTimeout as pause } from 'node:timers/promises';
import { CookieJar } from './cookies.js';

interface Reply {
  status: number;
  location: string | null;
  json(): { state?: string; code?: string; user?: string | null };
}

/**
 * A browser and its user, who wait on the waiting page and reload whatever page fails to come. It
 * does what the waiting page's script does.
 */
export class Visitor {
  readonly username: string;
  /** Whether the user presses each button twice. */
  impatient = false;
  /** Whether a page failed to come. */
  interrupted = false;
  private readonly url: string;
  private readonly context: string;
  private readonly jar = new CookieJar();

  constructor(url: string, username: string, context: string) {
    this.url = url;
    this.username = username;
    this.context = context;
  }

  /**
   * Logs in.
   *
   * @returns `'in'` if this browser is now logged in as its user, or else the code of what became of
   *   the login.
   */
  async logIn(): Promise<string> {
    const { username, context } = this;
    const begun = await this.post('/login', { username, context });
    if (begun.status !== 303 || !begun.location) return begun.json().code ?? 'no code';
    for (;;) {
      const { state = 'no state' } = (await this.look(begun.location)).json();
      if (state === 'pending') continue;
      if (state !== 'answered') return state;
      const handle = new URLSearchParams(begun.location.split('?')[1]).get('request') ?? '';
      const presses = Array.from({ length: this.impatient ? 2 : 1 }, () =>
        this.post('/login', { request: handle }),
      );
      const replies = await Promise.all(presses);
      if (replies.some(({ location }) => location === '/')) return this.whoAmI();
      const refused = replies.find(({ status }) => status !== 303);
      if (refused) return refused.json().code ?? 'no code';
    }
  }

  private async whoAmI(): Promise<string> {
    const { user } = (await this.send('GET', '/')).json();
    if (user === this.username) return 'in';
    return user === null ? 'nobody' : `in as ${user}`;
  }

  private look(path: string): Promise<Reply> {
    return this.send('GET', path, { accept: 'application/json' });
  }

  private post(path: string, form: Record<string, string>): Promise<Reply> {
    return this.send('POST', path, {}, new URLSearchParams(form));
  }

  private async send(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: URLSearchParams,
  ): Promise<Reply> {
    for (;;) {
      const reply = await this.trySend(method, path, headers, body);
      if (reply) return reply;
      this.interrupted = true;
      // A user takes longer to press the button again.
      await pause(100);
    }
  }

  /** `null` where a browser would show an error page. */
  private async trySend(
    method: string,
    path: string,
    headers: Record<string, string>,
    body: URLSearchParams | undefined,
  ): Promise<Reply | null> {
    try {
      const response = await fetch(this.url + path, {
        method,
        headers: { ...headers, cookie: String(this.jar) },
        redirect: 'manual',
        ...(body && { body }),
      });
      const text = await response.text();
      if (response.status >= 500) return null;
      this.jar.keep(response.headers.getSetCookie());
      const location = response.headers.get('location');
      return { status: response.status, location, json: () => JSON.parse(text) };
    } catch {
      return null;
    }
  }
}
