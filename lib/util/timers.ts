/**
 * Calls `action` once after `ms` milliseconds. The timer does not keep the process alive.
 *
 * @returns a function that stops the timer. It may be called more than once, and afterwards too.
 */
export function startTimer(action: () => void, ms: number): () => void {
  const timer = setTimeout(action, ms);
  // In environments with the globals of a browser, such as jsdom, timers are numbers.
  (timer as { unref?: () => void }).unref?.();
  return () => clearTimeout(timer);
}

/** Resolves after `ms` milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    startTimer(resolve, ms);
  });
}

/**
 * Settles as the work does. If the work takes longer than `ms` milliseconds, resolves to the result
 * of `onTimeout`, or rejects with the error that it throws.
 */
export async function withTimeout<T, U>(
  work: Promise<T>,
  ms: number,
  onTimeout: () => U,
): Promise<T | U> {
  let stopTimer = () => {};
  const timeout = new Promise<U>((resolve, reject) => {
    stopTimer = startTimer(() => {
      try {
        resolve(onTimeout());
      } catch (error) {
        reject(error);
      }
    }, ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    stopTimer();
  }
}
