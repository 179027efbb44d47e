import type { Rate, UnapprovedLimits } from './ports/rates.js';

/** When a request was counted. One that was withdrawn does not count in the shortest windows. */
export type Counted = number | { withdrawn: number };

/** Windows up to this length do not count withdrawn requests: people cancel, and try again. */
const MAX_RETRY_WINDOW_MS = 5000;
const DAY_MS = 24 * 3_600_000;

/** What the requests that were counted leave. */
export interface Room {
  /** How long to wait until there is room for one more, in milliseconds; 0 if there is room now. */
  wait: number;
  /** The requests that still count, oldest first. */
  counted: Counted[];
  /** How long a request counts, in milliseconds. */
  memoryMs: number;
  /** Whether the clock was put back, so that `counted` must be stored although the wait is not over. */
  cut: boolean;
}

/** The room that the `passed` requests leave. */
export function roomAfter(
  passed: readonly Counted[],
  { windows, unapproved }: Omit<Rate, 'key'>,
  now: number,
): Room {
  const longest = Math.max(...windows.map((window) => window.seconds)) * 1000;
  const memoryMs = Math.max(longest, unapproved ? DAY_MS : 0);
  // After the clock was put back, times ahead of it count as now, so that waits keep their length.
  const cut = passed.some((one) => timeOf(one) > now);
  const counted = passed
    .map((one) => (timeOf(one) > now ? at(one, now) : one))
    .filter((one) => timeOf(one) > now - memoryMs);
  const waits = windows.map(({ requests, seconds }) => {
    const lengthMs = seconds * 1000;
    const times =
      lengthMs > MAX_RETRY_WINDOW_MS ? counted : counted.filter((one) => !withdrawn(one));
    return timeUntilBelow(requests, times.map(timeOf), lengthMs, now);
  });
  const times = counted.map(timeOf);
  const wait = Math.max(0, ...waits, unapproved ? waitOfUnapproved(times, unapproved, now) : 0);
  return { wait, counted, memoryMs, cut };
}

/** The same requests, with the one of this time as withdrawn. */
export function withWithdrawal(passed: readonly Counted[], time: number): Counted[] {
  const index = passed.indexOf(time);
  return index < 0 ? [...passed] : passed.with(index, { withdrawn: time });
}

/** How long until fewer than `limit` of these times are in the window. */
function timeUntilBelow(limit: number, times: number[], lengthMs: number, now: number): number {
  const inside = times.filter((time) => time > now - lengthMs);
  if (inside.length < limit) return 0;
  return (inside[inside.length - limit] ?? now) + lengthMs - now;
}

function waitOfUnapproved(
  times: number[],
  { free, waitsMs, perDay }: UnapprovedLimits,
  now: number,
): number {
  const ofDay = timeUntilBelow(perDay, times, DAY_MS, now);
  if (times.length < free) return ofDay;
  const pauseMs = waitsMs[Math.min(times.length - free, waitsMs.length - 1)] ?? 0;
  return Math.max(ofDay, (times.at(-1) ?? now) + pauseMs - now);
}

function timeOf(one: Counted): number {
  return typeof one === 'number' ? one : one.withdrawn;
}

function withdrawn(one: Counted): boolean {
  return typeof one !== 'number';
}

function at(one: Counted, time: number): Counted {
  return withdrawn(one) ? { withdrawn: time } : time;
}
