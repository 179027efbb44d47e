const STAMP = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?Z?$/;

/** Formats a time as the v1 API does: `YYYY-MM-DD HH:MM:SS`, UTC. */
export function launchkeyTime(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')}`;
}

/** Formats a time as later clients read it: `YYYY-MM-DDTHH:MM:SSZ`. */
export function apiTime(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}

/**
 * Reads both forms, with or without a fraction of a second, which Python adds. Returns `undefined` for
 * an invalid time, for example 31 February.
 */
export function parseTime(text: string): number | undefined {
  const match = STAMP.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const time = Date.UTC(year, month - 1, day, hour, minute, second);
  return launchkeyTime(time).slice(0, 19) === text.slice(0, 19).replace('T', ' ')
    ? time
    : undefined;
}
