/** Longest wait. Most proxies end a connection after a minute. */
const MAX_WAIT_SECONDS = 60;

/** Returns the seconds of `Prefer: wait=SECONDS` (RFC 7240, section 4.3), or 0 without it. */
export function preferredWait(header: string | string[] | undefined): number {
  if (header === undefined) return 0;
  const preferences = Array.isArray(header) ? header.join(',') : header;
  const wait = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?=[,;]|$)/i.exec(preferences)?.[1];
  return Math.min(Number(wait ?? 0), MAX_WAIT_SECONDS);
}
