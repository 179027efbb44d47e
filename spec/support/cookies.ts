/** The cookies that a browser keeps. */
export class CookieJar {
  private readonly cookies = new Map<string, string>();

  /** Keeps what the `Set-Cookie` headers of a response say. */
  keep(lines: string[]): void {
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^=]*)=([^;]*)/.exec(line) ?? [];
      if (/; *max-age=0/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }

  /** The names of the cookies. */
  get names(): string[] {
    return [...this.cookies.keys()];
  }

  /** Copies the cookies for which `chosen` is true. */
  copy(chosen: (name: string) => boolean = () => true): CookieJar {
    const jar = new CookieJar();
    for (const [name, value] of this.cookies) if (chosen(name)) jar.cookies.set(name, value);
    return jar;
  }

  /** Adds the cookies that only another jar has. */
  add(other: CookieJar): void {
    for (const [name, value] of other.cookies) {
      if (!this.cookies.has(name)) this.cookies.set(name, value);
    }
  }

  /** The header `Cookie`. */
  toString(): string {
    return [...this.cookies].map((pair) => pair.join('=')).join('; ');
  }
}

/** The header `Cookie` of a browser that got one response. */
export function cookiesOf(headers: Headers): string {
  const jar = new CookieJar();
  jar.keep(headers.getSetCookie());
  return String(jar);
}
