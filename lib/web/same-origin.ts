import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a form was sent by a page of this site. Browsers say so in `Sec-Fetch-Site`, older ones
 * in `Origin`; a client that sends neither is no browser that another site could use.
 */
export function isSameOrigin({ headers }: { headers: IncomingHttpHeaders }): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin' || site === 'none';
  const { origin, host } = headers;
  if (origin === undefined) return true;
  // Written as browsers write it (RFC 6454, section 6.2), which `URL` does not insist on.
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  return url?.origin === origin && url.host === host;
}
