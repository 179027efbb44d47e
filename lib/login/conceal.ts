/*
 * With `concealUsers`, the browser of a login sees the record in the store and the clock, and
 * nothing else. The engine becomes visible only by an answer, which a decoy never gets. Failures of
 * the engine, auth requests that it forgot and its response times stay hidden, so a decoy does not
 * have to imitate them. A decoy is its handle alone; see `decoys.ts`.
 */
import type { PendingLogin, Store } from '../store/store.js';
import { sleep, startTimer } from '../util/timers.js';

/**
 * Visible durations are multiples of this. An engine needs less time to look up a user and to send
 * a push, and a person does not notice the delay.
 */
const STEP_MS = 250;
const STEP_IS_OVER = new Error('The visible time for this question is over.');

/**
 * Settles as the work does, but after a whole number of steps: the time that the engine needs tells
 * a user who exists from one who does not.
 */
export async function settleInSteps<T>(work: Promise<T>): Promise<T> {
  let settled = false;
  const markSettled = () => {
    settled = true;
  };
  work.then(markSettled, markSettled);
  while (!settled) await sleep(STEP_MS);
  return work;
}

/**
 * Asks the engine in the background. Resolves when the login has an answer, and after one step at
 * the latest. A later answer is there at the next look.
 *
 * @throws the error of the store.
 */
export async function askConcealed(
  store: Store,
  { handle, decoy }: PendingLogin,
  ask: () => Promise<void>,
): Promise<void> {
  // The store has no decoy to wait for.
  if (decoy) return sleep(STEP_MS);
  const step = new AbortController();
  const stopTimer = startTimer(() => step.abort(STEP_IS_OVER), STEP_MS);
  ask().catch(() => {});
  try {
    await store.waitForAnswer(handle, step.signal);
  } catch (error) {
    if (error !== STEP_IS_OVER) throw error;
  } finally {
    stopTimer();
  }
}
