import { jitter } from './jitter.js';

/** The longest pause between two attempts, unless the other side asks for a longer one. */
const MAX_BACKOFF_MS = 15_000;

/**
 * Returns the pause before the next attempt after a failure, in milliseconds.
 *
 * @param baseMs - the pause after the first failure; it doubles with each further one.
 * @param failures - how many attempts failed before this one.
 * @param retryAfter - the pause that the other side asked for, in seconds.
 */
export function backoff(baseMs: number, failures: number, retryAfter = 0): number {
  const pause = baseMs * 2 ** Math.min(failures, 10);
  return Math.max(jitter(Math.min(pause, MAX_BACKOFF_MS)), retryAfter * 1000);
}
