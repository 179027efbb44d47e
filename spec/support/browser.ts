import type { WaitingStatus } from 'passport-launchkey';
import { CookieJar } from './cookies.js';

/** A browser without a window: it keeps its cookies, and follows no redirect by itself. */
export class TestBrowser {
  /** What this browser keeps. */
  readonly jar: CookieJar;
  readonly url: string;

  constructor(url: string, jar = new CookieJar()) {
    this.url = url;
    this.jar = jar;
  }

  async send(path: string, { headers, ...init }: RequestInit = {}): Promise<Response> {
    const cookie = String(this.jar);
    const response = await fetch(new URL(path, this.url), {
      redirect: 'manual',
      headers: { cookie, ...(headers as Record<string, string>) },
      ...init,
    });
    this.jar.keep(response.headers.getSetCookie());
    return response;
  }

  /** Another tab, which has the same cookies now, and does not see later ones of this tab. */
  copy(): TestBrowser {
    return new TestBrowser(this.url, this.jar.copy());
  }

  /** Adds the cookies that only another tab got. */
  take(tab: TestBrowser): void {
    this.jar.add(tab.jar);
  }

  post(
    path: string,
    form: Record<string, string> = {},
    headers?: Record<string, string>,
  ): Promise<Response> {
    return this.send(path, { method: 'POST', body: new URLSearchParams(form), headers });
  }

  /** Where a form leads to. */
  async leadsTo(path: string, form?: Record<string, string>): Promise<string | null> {
    return (await this.post(path, form)).headers.get('location');
  }

  async text(path: string): Promise<string> {
    return (await this.send(path, { headers: { accept: 'text/html' } })).text();
  }

  /** What a waiting page's script is told; held for as many seconds at most. */
  async status(page: string, wait = 20): Promise<WaitingStatus> {
    const headers = { accept: 'application/json', prefer: `wait=${wait}` };
    return (await (await this.send(page, { headers })).json()) as WaitingStatus;
  }
}
