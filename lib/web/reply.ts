import type { ServerResponse } from 'node:http';
import type { Asset } from './assets.js';
import { hostError } from './host-error.js';
import { isAnswered } from './host-response.js';

/** A response of a page of the strategy, for the host to send. */
export interface PageReply {
  /** The HTTP status. */
  status: number;
  /** The headers, by names in lower case, without `content-length`. */
  headers: Record<string, string>;
  /** The body, which may be empty. */
  body: string;
}

/** Paths and URLs that a page uses. Their origins become part of its Content-Security-Policy. */
export interface PageSources {
  styles?: (string | undefined)[];
  /**
   * Where forms lead. Browsers apply `form-action` to the redirect after a form as well, so its
   * target is one of these.
   */
  forms?: (string | undefined)[];
  images?: (string | undefined)[];
}

/** Headers of responses that depend on the browser. */
const PRIVATE = { 'cache-control': 'no-store', vary: 'Accept, Cookie' };

/** @param sources - the origins that the page may use besides its own. */
export function htmlReply(status: number, html: string, sources: PageSources): PageReply {
  return reply(status, html, {
    ...PRIVATE,
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy(sources),
    'x-frame-options': 'DENY',
    // With 'no-referrer', browsers would omit the origin of forms as well.
    'referrer-policy': 'same-origin',
  });
}

export function jsonReply(status: number, body: object): PageReply {
  return reply(status, JSON.stringify(body), { ...PRIVATE, 'content-type': 'application/json' });
}

export function textReply(status: number, text: string): PageReply {
  return reply(status, text, { ...PRIVATE, 'content-type': 'text/plain; charset=utf-8' });
}

export function emptyReply(status: number, headers: Record<string, string> = {}): PageReply {
  return reply(status, '', { ...PRIVATE, ...headers });
}

/** An asset is cached forever under the URL with its version, and not under any other. */
export function assetReply(asset: Asset, version: string | null): PageReply {
  const isVersioned = version === asset.version;
  return reply(200, asset.content, {
    'content-type': asset.type,
    'cache-control': isVersioned ? 'public, max-age=31536000, immutable' : 'no-cache',
    'cross-origin-resource-policy': 'same-origin',
  });
}

function reply(status: number, body: string, headers: Record<string, string>): PageReply {
  return { status, headers: { ...headers, 'x-content-type-options': 'nosniff' }, body };
}

/** What middleware of Express or Connect is called with. */
export interface MiddlewareCall {
  req: object;
  res: ServerResponse;
  next: (error?: unknown) => void;
}

/** Sends the reply of a page or an endpoint, or passes its error to the error handlers of the host. */
export function respond(reply: Promise<PageReply>, { req, res, next }: MiddlewareCall): void {
  reply
    .then((sent) => send(res, sent))
    // An error handler could not respond after other code has, and would cut the connection.
    .catch((error) => isAnswered(req) || next(hostError(error)));
}

/** Sends a reply by a response of Node.js. */
export function send(res: ServerResponse, { status, headers, body }: PageReply): void {
  // Middleware with a timeout may have responded already.
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  res.end(body);
}

/** Forbids inline code and styles, and every origin that the page does not name. */
function contentSecurityPolicy({ styles = [], forms = [], images = [] }: PageSources): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src ${sources(styles)}`,
    "connect-src 'self'",
    `form-action ${sources(forms)}`,
    `img-src ${sources(images)} data:`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function sources(urls: readonly (string | undefined)[]): string {
  const origins = urls.flatMap((url) => (url?.startsWith('http') ? [new URL(url).origin] : []));
  return ["'self'", ...new Set(origins)].join(' ');
}
