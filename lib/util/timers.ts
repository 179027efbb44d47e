/**
 * Lets the process end while a timer runs, and returns the timer. In environments with the globals of a
 * browser, such as jsdom, timers are numbers, which have no `unref()`.
 */
export function unref<Timer>(timer: Timer): Timer {
  (timer as { unref?: () => void }).unref?.();
  return timer;
}
