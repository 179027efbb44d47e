import { responseOf } from './host-response.js';
import type { LoginRequest } from './request.js';

/** A response whose headers can be written. */
interface CookieResponse {
  headersSent: boolean;
  getHeader(name: string): unknown;
  setHeader(name: string, value: string[]): unknown;
  writeHead(...args: unknown[]): unknown;
}

/** What hosts know of the connection to the browser; a trusted proxy may have ended TLS. */
interface ConnectionRequest {
  secure?: unknown;
  protocol?: unknown;
  raw?: ConnectionRequest;
  socket?: { encrypted?: unknown } | null;
}

/** A cookie that only the server reads. */
export interface CookieSettings {
  /** The name, without the prefix that it has on https. */
  name: string;
  value: string;
  /** Seconds until the browser drops the cookie; 0 drops it now. */
  maxAge: number;
}

/** The names and values of the cookies that a browser sent. */
export function readCookies({ headers }: LoginRequest): Map<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of (headers.cookie ?? '').split(';')) {
    const end = pair.indexOf('=');
    const name = pair.slice(0, end).trim();
    // As in browsers, the first cookie is the most specific one.
    if (end > 0 && !cookies.has(name)) cookies.set(name, pair.slice(end + 1).trim());
  }
  return cookies;
}

/**
 * The name that a cookie has in this request. On https, browsers accept `__Host-` only from this
 * very host, so no other host of the domain can plant such a cookie.
 */
export function cookieName(req: LoginRequest, name: string): string {
  return isSecure(req) ? `__Host-${name}` : name;
}

/**
 * Returns the value of a cookie that {@link setCookie} has set. A request that a host made for the
 * call may not say that it came by https, so the name for https counts as well.
 */
export function readCookie(req: LoginRequest, name: string): string | undefined {
  const cookies = readCookies(req);
  return cookies.get(`__Host-${name}`) ?? cookies.get(cookieName(req, name));
}

/** Whether {@link setCookie} reaches the response to a request. */
export function canSetCookies(req: LoginRequest): boolean {
  return writableResponse(req) !== undefined;
}

/** Adds a cookie to the response. Does nothing if the host gives no access to its response. */
export function setCookie(req: LoginRequest, { name, value, maxAge }: CookieSettings): void {
  const response = writableResponse(req);
  if (!response) return;
  const line = [
    `${cookieName(req, name)}=${value}`,
    'Path=/',
    `Max-Age=${maxAge}`,
    'HttpOnly',
    'SameSite=Lax',
    ...(isSecure(req) ? ['Secure'] : []),
  ].join('; ');
  if ('raw' in req) addAtHead(response, line);
  else response.setHeader('set-cookie', withLine(response.getHeader('set-cookie'), line));
}

function isSecure(req: LoginRequest): boolean {
  const { secure, protocol, raw, socket } = req as ConnectionRequest;
  return secure === true || protocol === 'https' || (raw?.socket ?? socket)?.encrypted === true;
}

function writableResponse(req: LoginRequest): CookieResponse | undefined {
  const response = responseOf(req) as Partial<CookieResponse> | undefined;
  const isWritable =
    response?.headersSent === false &&
    typeof response.setHeader === 'function' &&
    typeof response.getHeader === 'function';
  return isWritable ? (response as CookieResponse) : undefined;
}

/** Fastify collects its headers elsewhere, and they replace those of the response at the end. */
function addAtHead(response: CookieResponse, line: string): void {
  const writeHead = response.writeHead.bind(response);
  response.writeHead = (...args) => {
    const headers = args.at(-1);
    if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) {
      response.setHeader('set-cookie', withLine(response.getHeader('set-cookie'), line));
      return writeHead(...args);
    }
    const own = (headers as Record<string, unknown>)['set-cookie'];
    return writeHead(...args.slice(0, -1), { ...headers, 'set-cookie': withLine(own, line) });
  };
}

function withLine(present: unknown, line: string): string[] {
  return [present ?? [], line].flat().map(String);
}
