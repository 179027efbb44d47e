import type { ServerResponse } from 'node:http';
import type { Asset } from './assets.js';
import type { WaitingSettings } from './options.js';

/** An answer of the waiting page, for the host to send. */
export interface WaitingReply {
  status: number;
  /** By names in lower case, without `content-length`. */
  headers: Record<string, string>;
  body: string;
}

/** For everything that depends on who asks. */
const PRIVATE = { 'cache-control': 'no-store', vary: 'Accept, Cookie' };

export function htmlReply(status: number, html: string, settings: WaitingSettings): WaitingReply {
  return reply(status, html, {
    ...PRIVATE,
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy(settings),
    'x-frame-options': 'DENY',
    // Not 'no-referrer': browsers would then leave the origin out of the forms, too.
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

/** For good under the address that names this version, not at all under any other. */
export function assetReply(asset: Asset, version: string | null): WaitingReply {
  const forGood = version === asset.version;
  return reply(200, asset.content, {
    'content-type': asset.type,
    'cache-control': forGood ? 'public, max-age=31536000, immutable' : 'no-cache',
    'cross-origin-resource-policy': 'same-origin',
  });
}

function reply(status: number, body: string, headers: Record<string, string>): WaitingReply {
  return { status, headers: { ...headers, 'x-content-type-options': 'nosniff' }, body };
}

/** Sends a reply where the host has a response of Node.js. */
export function send(res: ServerResponse, { status, headers, body }: WaitingReply): void {
  // A time-out in front of the page may have answered already.
  if (res.headersSent || res.destroyed) return;
  res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  res.end(body);
}

/**
 * No inline code or styles, nothing from elsewhere but what the application named. Browsers hold
 * the redirect after a form to `form-action`, so `successUrl` counts as well.
 */
function contentSecurityPolicy({ loginUrl, successUrl, stylesheet }: WaitingSettings): string {
  const from = (...urls: (string | undefined)[]) => {
    const origins = urls.flatMap((url) => (url?.startsWith('http') ? [new URL(url).origin] : []));
    return ["'self'", ...new Set(origins)].join(' ');
  };
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src ${from(stylesheet)}`,
    "connect-src 'self'",
    `form-action ${from(loginUrl, successUrl)}`,
    "img-src 'self' data:",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
