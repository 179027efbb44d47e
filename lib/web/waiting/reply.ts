import type { ServerResponse } from 'node:http';
import type { Asset } from './assets.js';
import type { WaitingSettings } from './options.js';

/** A response of the waiting page, for the host to send. */
export interface WaitingReply {
  /** The HTTP status. */
  status: number;
  /** The headers, by names in lower case, without `content-length`. */
  headers: Record<string, string>;
  /** The body, which may be empty. */
  body: string;
}

/** Headers of responses that depend on the browser. */
const PRIVATE = { 'cache-control': 'no-store', vary: 'Accept, Cookie' };

export function htmlReply(status: number, html: string, settings: WaitingSettings): WaitingReply {
  return reply(status, html, {
    ...PRIVATE,
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy(settings),
    'x-frame-options': 'DENY',
    // With 'no-referrer', browsers would omit the origin of forms as well.
    'referrer-policy': 'same-origin',
  });
}

export function jsonReply(status: number, body: object): WaitingReply {
  return reply(status, JSON.stringify(body), { ...PRIVATE, 'content-type': 'application/json' });
}

export function textReply(status: number, text: string): WaitingReply {
  return reply(status, text, { ...PRIVATE, 'content-type': 'text/plain; charset=utf-8' });
}

export function emptyReply(status: number, headers: Record<string, string> = {}): WaitingReply {
  return reply(status, '', { ...PRIVATE, ...headers });
}

/** An asset is cached forever under the URL with its version, and not under any other. */
export function assetReply(asset: Asset, version: string | null): WaitingReply {
  const isVersioned = version === asset.version;
  return reply(200, asset.content, {
    'content-type': asset.type,
    'cache-control': isVersioned ? 'public, max-age=31536000, immutable' : 'no-cache',
    'cross-origin-resource-policy': 'same-origin',
  });
}

function reply(status: number, body: string, headers: Record<string, string>): WaitingReply {
  return { status, headers: { ...headers, 'x-content-type-options': 'nosniff' }, body };
}

/** Sends a reply by a response of Node.js. */
export function send(res: ServerResponse, { status, headers, body }: WaitingReply): void {
  // Middleware with a timeout may have responded already.
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  res.end(body);
}

/**
 * Forbids inline code and styles, and every origin that the application did not name. Browsers
 * apply `form-action` to the redirect after a form as well, so the origin of `successUrl` is
 * allowed.
 */
function contentSecurityPolicy({ loginUrl, successUrl, stylesheet }: WaitingSettings): string {
  const sources = (...urls: (string | undefined)[]) => {
    const origins = urls.flatMap((url) => (url?.startsWith('http') ? [new URL(url).origin] : []));
    return ["'self'", ...new Set(origins)].join(' ');
  };
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src ${sources(stylesheet)}`,
    "connect-src 'self'",
    `form-action ${sources(loginUrl, successUrl)}`,
    "img-src 'self' data:",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
