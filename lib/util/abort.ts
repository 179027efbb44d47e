import { setMaxListeners } from 'node:events';

/**
 * Starts or joins what others share, and waits for it. The signal ends this wait only: what is shared
 * goes on. Rejects with the signal's reason, as `fetch` does.
 */
export function abortable<T>(join: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return join();
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise<T>((resolve, reject) => {
    const forget = onAbort(signal, () => reject(signal.reason));
    join().then(resolve, reject).finally(forget);
  });
}

/**
 * Listens for the abort of a signal, and gives back how to stop that. One signal may end any number
 * of calls, for instance those of an application that shuts down; Node would warn on the console
 * from eleven listeners on.
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (!signal) return () => {};
  setMaxListeners(0, signal);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
