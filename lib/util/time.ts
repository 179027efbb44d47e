// `YYYY-MM-DD HH:MM:SS` in UTC, and ISO 8601 in the members of later engines.
const FORM =
  /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):?(\d\d))?$/;

/** Reads either of the engine's two time formats; `null` for anything else, impossible dates too. */
export function parseTime(text: unknown): Date | null {
  if (typeof text !== 'string' || text.length > 40) return null;
  const match = FORM.exec(text.trim());
  if (!match) return null;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as SixNumbers;
  const millis = Number((match[7] ?? '0').padEnd(3, '0').slice(0, 3));
  const time = Date.UTC(year, month - 1, day, hour, minute, second, millis);
  if (!isSameMoment(new Date(time), [year, month, day, hour, minute, second])) return null;
  return new Date(time - offsetOf(match) * 60_000);
}

/** Writes a time as the envelope wants it: `YYYY-MM-DD HH:MM:SS`, UTC. */
export function formatTime(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ');
}

type SixNumbers = [number, number, number, number, number, number];

/** `Date.UTC` takes the 31st of June for the 1st of July; a time that was written so is no time. */
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

/** The offset from UTC in minutes. */
function offsetOf(match: RegExpExecArray): number {
  const minutes = Number(match[9] ?? 0) * 60 + Number(match[10] ?? 0);
  return match[8] === '-' ? -minutes : minutes;
}
