/** A page as the browser would show it. */
export interface Page {
  status: number;
  path: string;
  html: string;
}

/** A browser without windows: it keeps cookies, follows redirects, and says where its forms are. */
export class Browser {
  private readonly cookies = new Map<string, string>();
  private readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  open(path: string, headers: Record<string, string> = {}): Promise<Page> {
    return this.follow(path, { headers });
  }

  submit(
    path: string,
    form: Record<string, string> = {},
    headers: Record<string, string> = { 'sec-fetch-site': 'same-origin' },
  ): Promise<Page> {
    return this.follow(path, { method: 'POST', body: new URLSearchParams(form), headers });
  }

  private async follow(path: string, init: RequestInit): Promise<Page> {
    const response = await this.send(path, init);
    const location = response.headers.get('location');
    if (location === null) return { status: response.status, path, html: await response.text() };
    const { pathname, search } = new URL(location, this.url + path);
    return this.follow(pathname + search, {});
  }

  private async send(path: string, init: RequestInit): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(this.url + path, {
      ...init,
      redirect: 'manual',
      headers: { ...(init.headers as Record<string, string>), cookie, accept: 'text/html' },
    });
    for (const set of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (name) this.cookies.set(name, value ?? '');
    }
    return response;
  }
}
