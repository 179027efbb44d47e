import type { RateWindow } from './records.js';

/**
 * How long to wait, in milliseconds, until every window has room for one more; 0 if there is. Of the
 * `passed` times only those come back that some window still looks at, `memory` milliseconds far.
 */
export function timeUntilRoom(
  passed: readonly number[],
  windows: readonly RateWindow[],
  now: number,
): { wait: number; times: number[]; memory: number } {
  const memory = Math.max(...windows.map((window) => window.seconds)) * 1000;
  // A clock that was put back must not make anybody wait until it is there again.
  const times = passed.map((time) => Math.min(time, now)).filter((time) => time > now - memory);
  let wait = 0;
  for (const window of windows) {
    const since = now - window.seconds * 1000;
    const inside = times.filter((time) => time > since);
    if (inside.length < window.requests) continue;
    const freeing = inside[inside.length - window.requests] ?? now;
    wait = Math.max(wait, freeing - since);
  }
  return { wait, times, memory };
}
