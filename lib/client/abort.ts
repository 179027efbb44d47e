import { setMaxListeners } from 'node:events';

/**
 * Waits for a promise that others share. The signal ends this wait only: what is shared goes on.
 * Rejects with the signal's reason, as `fetch` does.
 */
export function abortable<T>(shared: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return shared;
  if (signal.aborted) {
    shared.catch(() => {});
    return Promise.reject(signal.reason);
  }
  return new Promise<T>((resolve, reject) => {
    const forget = onAbort(signal, () => reject(signal.reason));
    shared.then(resolve, reject).finally(forget);
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
