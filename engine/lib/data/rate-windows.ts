import type { RateWindow } from './ports/rates.js';

/**
 * How long to wait, in milliseconds, until every window has room for one more event; 0 if there is
 * room now. `times` are those of the `passed` times that a window still covers, `memoryMs` back.
 */
export function timeUntilRoom(
  passed: readonly number[],
  windows: readonly RateWindow[],
  now: number,
): { wait: number; times: number[]; memoryMs: number } {
  const memoryMs = Math.max(...windows.map((window) => window.seconds)) * 1000;
  // After the clock was put back, times ahead of it count as now, so that waits keep their length.
  const times = passed.map((time) => Math.min(time, now)).filter((time) => time > now - memoryMs);
  let wait = 0;
  for (const window of windows) {
    const since = now - window.seconds * 1000;
    const inside = times.filter((time) => time > since);
    if (inside.length < window.requests) continue;
    const freeing = inside[inside.length - window.requests] ?? now;
    wait = Math.max(wait, freeing - since);
  }
  return { wait, times, memoryMs };
}
