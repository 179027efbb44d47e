import type { ServerResponse } from 'node:http';
import type { Asset } from './assets.js';
import type { WaitingSettings } from './options.js';

/** For everything that depends on who asks. */
const PRIVATE = { 'cache-control': 'no-store', vary: 'Accept, Cookie' };

export function sendHtml(
  res: ServerResponse,
  status: number,
  html: string,
  settings: WaitingSettings,
): void {
  send(res, status, html, {
    ...PRIVATE,
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy(settings),
    'x-frame-options': 'DENY',
    // Not 'no-referrer': browsers would then leave the origin out of the forms, too.
    'referrer-policy': 'same-origin',
  });
}

export function sendJson(res: ServerResponse, status: number, body: object): void {
  send(res, status, JSON.stringify(body), { ...PRIVATE, 'content-type': 'application/json' });
}

export function sendText(res: ServerResponse, status: number, text: string): void {
  send(res, status, text, { ...PRIVATE, 'content-type': 'text/plain; charset=utf-8' });
}

export function sendNothing(
  res: ServerResponse,
  status: number,
  headers: Record<string, string>,
): void {
  send(res, status, '', { ...PRIVATE, ...headers });
}

/** For good under the address that names this version, not at all under any other. */
export function sendAsset(res: ServerResponse, asset: Asset, version: string | null): void {
  const forGood = version === asset.version;
  send(res, 200, asset.content, {
    'content-type': asset.type,
    'cache-control': forGood ? 'public, max-age=31536000, immutable' : 'no-cache',
    'cross-origin-resource-policy': 'same-origin',
  });
}

function send(
  res: ServerResponse,
  status: number,
  body: string,
  headers: Record<string, string>,
): void {
  res.writeHead(status, {
    ...headers,
    'content-length': Buffer.byteLength(body),
    'x-content-type-options': 'nosniff',
  });
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
