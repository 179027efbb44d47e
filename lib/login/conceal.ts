/*
 * With `concealUsers`, a browser may learn of a login what is in the store and what the clock says,
 * and nothing else. What the engine does shows only once it brought an answer, which decoys never
 * get. So neither trouble with the engine, nor what it forgot, nor how long it took is seen: there is
 * nothing of it that a decoy would have to imitate.
 */
import type { PendingLogin, Store } from '../store/store.js';

/**
 * The steps in which a browser gets to see how long the engine took, in milliseconds: more than an
 * engine needs to look up a user and to send a push, and less than a person minds.
 */
const STEP = 250;
const ENOUGH = new Error('Looked for long enough');

/**
 * Ends as the work does, after a whole number of {@link STEP}s: to tell a user from a stranger takes
 * the engine more time or less.
 */
export async function inSteps<T>(work: Promise<T>): Promise<T> {
  let done = false;
  const finished = () => {
    done = true;
  };
  work.then(finished, finished);
  while (!done) await new Promise((resolve) => setTimeout(resolve, STEP).unref());
  return work;
}

/**
 * Has the engine asked in the background, and resolves when that has brought an answer or, for whatever
 * reason, not brought one within a {@link STEP}. What it brings later is there at the next look.
 *
 * @throws what the store throws.
 */
export async function askUnseen(
  store: Store,
  { handle }: PendingLogin,
  ask: () => Promise<void>,
): Promise<void> {
  const enough = new AbortController();
  const timer = setTimeout(() => enough.abort(ENOUGH), STEP).unref();
  ask().catch(() => {});
  try {
    await store.waitForAnswer(handle, enough.signal);
  } catch (error) {
    if (error !== ENOUGH) throw error;
  } finally {
    clearTimeout(timer);
  }
}
