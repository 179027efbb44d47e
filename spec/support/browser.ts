import type { WaitingStatus } from 'passport-launchkey';

/** A browser without a window: it keeps its cookies, and follows no redirect by itself. */
export class TestBrowser {
  private readonly cookies = new Map<string, string>();
  private readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  async send(path: string, { headers, ...init }: RequestInit = {}): Promise<Response> {
    const cookie = [...this.cookies].map((pair) => pair.join('=')).join('; ');
    const response = await fetch(new URL(path, this.url), {
      redirect: 'manual',
      headers: { cookie, ...(headers as Record<string, string>) },
      ...init,
    });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(line) ?? [];
      this.cookies.set(name, value);
    }
    return response;
  }

  /** Another tab, which has the same cookies now, and does not see later ones of this tab. */
  copy(): TestBrowser {
    const tab = new TestBrowser(this.url);
    for (const [name, value] of this.cookies) tab.cookies.set(name, value);
    return tab;
  }

  /** Adds the cookies that only another tab got. */
  take(tab: TestBrowser): void {
    for (const [name, value] of tab.cookies) {
      if (!this.cookies.has(name)) this.cookies.set(name, value);
    }
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
