import { request } from 'node:http';
import { CookieJar } from './cookies.js';

/** An answer with all that a browser gets of it. */
export interface Seen {
  status: number;
  /** Names and values in the order in which they came. */
  headers: [name: string, value: string][];
  body: string;
}

/** A browser that looks closely: it keeps its cookie, follows nothing and hides nothing. */
export class CloseBrowser {
  private readonly url: string;
  private readonly jar = new CookieJar();

  constructor(url: string) {
    this.url = url;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Seen> {
    return this.send('GET', path, headers);
  }

  post(path: string, form: Record<string, string>): Promise<Seen> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    return this.send('POST', path, headers, new URLSearchParams(form).toString());
  }

  private send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body = '',
  ): Promise<Seen> {
    return new Promise((resolve, reject) => {
      const url = new URL(path, this.url);
      const all = {
        ...headers,
        cookie: String(this.jar),
        'content-length': Buffer.byteLength(body),
      };
      const sent = request(url, { method, headers: all }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.once('error', reject);
        response.once('end', () => {
          this.jar.keep(response.headers['set-cookie'] ?? []);
          resolve({
            status: response.statusCode ?? 0,
            headers: pairs(response.rawHeaders),
            body: text,
          });
        });
      });
      sent.once('error', reject);
      sent.end(body);
    });
  }
}

/** One header of an answer. */
export function header({ headers }: Seen, name: string): string | undefined {
  return headers.find(([other]) => other.toLowerCase() === name)?.[1];
}

/**
 * An answer with what is random in every one replaced by its shape: handles, times, the number, and
 * what hosts make of the body or sign. Everything else must be equal where nothing may be told apart.
 */
export function shapeOf(seen: Seen, username: string): Seen {
  return {
    status: seen.status,
    headers: seen.headers.map(([name, value]) => [name, shapeOfHeader(name, value)]),
    body: shapeOfText(seen.body).replaceAll(username, 'NAME'),
  };
}

function shapeOfHeader(name: string, value: string): string {
  if (name.toLowerCase() === 'date')
    return value.replace(/\d/g, '9').replace(/[A-Z][a-z]{2}/g, 'Day');
  if (name.toLowerCase() === 'etag') return value.replace(/-[^"]*/, '-HASH');
  if (name.toLowerCase() === 'set-cookie') {
    return value
      .replace(/=s%3A[^;]*/, '=SIGNED')
      .replace(/-[\w-]{16}=[\w-]{22}\.\w+/, '-HANDLE=SECRET')
      .replace(/Max-Age=\d+/, 'Max-Age=SSS');
  }
  return shapeOfText(value);
}

function shapeOfText(text: string): string {
  return text
    .replace(/(?<![\w-])[\w-]{43}(?![\w-])/g, 'HANDLE')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, 'TIME')
    .replace(/"number":\d+\b/g, '"number":NN')
    .replace(/<strong>(\d\d|\d{3}&nbsp;\d{3})<\/strong>/g, '<strong>NN</strong>')
    .replace(/"expiresIn":\d{3}\b/g, '"expiresIn":SSS')
    .replace(/data-expires-in="\d{3}"/g, 'data-expires-in="SSS"')
    .replace(/value="\d{3}"/g, 'value="SSS"')
    .replace(/\b\d:\d\d\b/g, 'M:SS');
}

function pairs(raw: string[]): [string, string][] {
  return raw.flatMap((name, index): [string, string][] =>
    index % 2 ? [] : [[name, raw[index + 1] ?? '']],
  );
}
