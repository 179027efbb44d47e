// Imported, not taken from the globals: test environments such as jsdom replace the globals by a
// browser's, whose timers are numbers without `unref()`.
import { clearTimeout, setTimeout } from 'node:timers';

/**
 * Calls `action` once after `ms` milliseconds. The timer does not keep the process alive.
 *
 * @returns A function that stops the timer. It may be called more than once, and afterwards too.
 */
export function startTimer(action: () => void, ms: number): () => void {
  const timer = setTimeout(action, ms).unref();
  return () => clearTimeout(timer);
}
