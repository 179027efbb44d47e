/** However long a client would like to wait: most proxies give up after a minute. */
const LONGEST = 60;

/** The seconds of `Prefer: wait=SECONDS` (RFC 7240, section 4.3), or 0 where none are asked for. */
export function preferredWait(header: string | string[] | undefined): number {
  if (header === undefined) return 0;
  const preferences = Array.isArray(header) ? header.join(',') : header;
  const wait = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?=[,;]|$)/i.exec(preferences)?.[1];
  return Math.min(Number(wait ?? 0), LONGEST);
}
