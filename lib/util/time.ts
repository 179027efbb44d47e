// `YYYY-MM-DD HH:MM:SS` in UTC, and ISO 8601, which later engines use in some members.
const TIME_FORMAT =
  /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):?(\d\d))?$/;

/** A longer text is no time of either format. */
const MAX_TIME_LENGTH = 40;

/** Parses the engine's two time formats. Returns `null` for other text and for impossible dates. */
export function parseTime(text: unknown): Date | null {
  if (typeof text !== 'string' || text.length > MAX_TIME_LENGTH) return null;
  const match = TIME_FORMAT.exec(text.trim());
  if (!match) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as SixNumbers;
  const millis = Number((match[7] ?? '0').padEnd(3, '0').slice(0, 3));
  const time = Date.UTC(year, month - 1, day, hour, minute, second, millis);
  if (!isSameMoment(new Date(time), [year, month, day, hour, minute, second])) return null;
  return new Date(time - offsetOf(match) * 60_000);
}

/** Formats a time for the envelope: `YYYY-MM-DD HH:MM:SS`, in UTC. */
export function formatTime(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ');
}

type SixNumbers = [number, number, number, number, number, number];

/**
 * `Date.UTC` turns the 31st of June into the 1st of July, so impossible dates must be found here.
 */
function isSameMoment(date: Date, [year, month, day, hour, minute, second]: SixNumbers): boolean {
  return (
    date.getUTCFullYear() === year &&
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    date.getUTCSeconds() === second
  );
}

/** Returns the offset from UTC in minutes. */
function offsetOf(match: RegExpExecArray): number {
  const minutes = Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0);
  return match[8] === '-' ? -minutes : minutes;
}
