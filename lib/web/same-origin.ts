import type { IncomingHttpHeaders } from 'node:http';
// Imported, because the global of a test environment such as an old jsdom has no `canParse`.
import { URL } from 'node:url';

/**
 * Whether a form was sent by a page of this site. Browsers say so in `Sec-Fetch-Site`, and older
 * ones in `Origin`. A client that sends neither is not a browser that another site could misuse.
 */
export function isSameOrigin({ headers }: { headers: IncomingHttpHeaders }): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const { origin, host } = headers;
  if (origin === undefined) return true;
  // Browsers write an origin in one way only (RFC 6454, section 6.2), and `URL` accepts more.
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  return url?.origin === origin && url.host === host;
}
