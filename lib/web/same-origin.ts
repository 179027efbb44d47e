import type { IncomingHttpHeaders } from 'node:http';
// Imported, because the global of a test environment such as an old jsdom has no `canParse`.
import { URL } from 'node:url';

/**
 * Whether a form was sent by a page of this site. Browsers say so in `Sec-Fetch-Site`; older ones,
 * and all of them on plain http, in `Origin`. A client that sends neither is not a browser that
 * another site could misuse.
 */
export function isSameOrigin({ headers }: { headers: IncomingHttpHeaders }): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const { origin } = headers;
  if (origin === undefined) return true;
  // Browsers write an origin in one way only (RFC 6454, section 6.2), and `URL` accepts more.
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  return url?.origin === origin && ownHosts(headers).includes(url.host);
}

/**
 * The names of this site. A proxy that changes `Host` passes the browser's in `X-Forwarded-Host`.
 * Another site cannot set that header: a form has no headers, and a script needs CORS for it.
 */
function ownHosts(headers: IncomingHttpHeaders): string[] {
  const authority = headers[':authority'];
  const forwarded = [headers['x-forwarded-host'] ?? []].flat();
  return [headers.host, authority, ...forwarded.flatMap((list) => list.split(','))].flatMap(
    (host) => (typeof host === 'string' && host.trim() !== '' ? [host.trim().toLowerCase()] : []),
  );
}
