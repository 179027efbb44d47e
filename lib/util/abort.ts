import { setMaxListeners } from 'node:events';

/**
 * Joins work that several callers share, and waits for its result. The signal ends this caller's
 * wait, and the work goes on. Rejects with the signal's reason, as `fetch` does.
 */
export function abortable<T>(join: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return join();
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise<T>((resolve, reject) => {
    const stopListening = onAbort(signal, () => reject(signal.reason));
    join().then(resolve, reject).finally(stopListening);
  });
}

/**
 * Listens for the abort of a signal, and returns a function that stops listening. One signal may
 * end any number of calls, such as all calls of an application that shuts down, so the warning of
 * Node.js about more than ten listeners is switched off.
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (!signal) return () => {};
  allowManyListeners(signal);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

function allowManyListeners(signal: AbortSignal): void {
  try {
    setMaxListeners(0, signal);
  } catch {
    // The signal belongs to another implementation, such as jsdom's, which prints no warning.
  }
}
