import type { LoginRecord } from '../store/store.js';
import { startTimer } from '../util/timers.js';
import type { Connection } from './connection.js';
import { isAuthRequestGone, isRetryable } from './engine-errors.js';
import type { Logins } from './logins.js';
import { refusal, type Verdict } from './verdict.js';

/** The progress of a login that an earlier request started. */
export type Progress =
  /** The store has no such login: it never existed, or was forgotten. */
  | { readonly state: 'unknown' }
  | {
      readonly state: 'pending';
      readonly login: LoginRecord;
      /** Whether the engine could not be reached. */
      readonly away: boolean;
    }
  /** The login has an answer and is not finished. */
  | { readonly state: 'answered'; readonly login: LoginRecord }
  | { readonly state: 'ended'; readonly login: LoginRecord; readonly verdict: Verdict }
  /** The browser that asked has disconnected. */
  | { readonly state: 'disconnected' };

/** How to wait for a login; see {@link readProgress}. */
export interface ProgressWait {
  connection: Connection;
  /** Milliseconds to wait for the answer; with 0 the engine is asked once. */
  maxWaitMs: number;
  /** Whether to stop waiting when the engine cannot be reached. Default `false`. */
  untilTrouble?: boolean;
}

/**
 * Reads the progress of a login, and waits for its answer as long as the browser wants. It changes
 * nothing, so it can be repeated.
 */
export async function readProgress(
  logins: Logins,
  handle: string,
  wait: ProgressWait,
): Promise<Progress> {
  const login = await logins.get(handle);
  if (!login) return { state: 'unknown' };
  const prospect = login.state === 'pending' ? await seekAnswer(logins, login, wait) : 'open';
  if (prospect === 'none') return ended(login, refusal('expired'));
  if (wait.connection.closed) return { state: 'disconnected' };
  const now = await logins.get(handle);
  if (!now) return { state: 'unknown' };
  if (now.state === 'answered') return { state: 'answered', login: now };
  if (now.state === 'finished') return ended(now, repeatedVerdict(now));
  return now.expiresAt > Date.now()
    ? { state: 'pending', login: now, away: prospect === 'away' }
    : ended(now, refusal('expired'));
}

/**
 * Reads the progress of a login, and finishes it if there is an answer. Of several simultaneous
 * requests, one gets the verdict of an approval; the others learn that the login is finished.
 */
export async function resumeLogin(
  logins: Logins,
  handle: string,
  wait: ProgressWait,
): Promise<Progress> {
  const progress = await readProgress(logins, handle, wait);
  if (progress.state !== 'answered') return progress;
  const { login } = progress;
  if (wait.connection.closed) return { state: 'disconnected' };
  const verdict = await logins.finish(handle);
  if (!verdict) return ended(login, repeatedVerdict(login));
  if (!wait.connection.closed) return ended(login, verdict);
  // The browser did not receive the verdict, and may come back for it.
  await logins.release(handle);
  return { state: 'disconnected' };
}

/** The verdict of a login that an earlier request finished. A denial stays a denial. */
function repeatedVerdict({ answer }: LoginRecord): Verdict {
  return refusal(answer?.authorized ? 'finished' : 'denied');
}

function ended(login: LoginRecord, verdict: Verdict): Progress {
  return { state: 'ended', login, verdict };
}

/** Whether an answer is still possible; `away` if the engine could not be reached. */
type Prospect = 'open' | 'away' | 'none';

async function seekAnswer(
  logins: Logins,
  login: LoginRecord,
  wait: ProgressWait,
): Promise<Prospect> {
  if (login.expiresAt <= Date.now()) return 'none';
  try {
    if (wait.maxWaitMs > 0) return await waitForAnswer(logins, login, wait);
    await logins.ask(login);
    return 'open';
  } catch (error) {
    if (isAuthRequestGone(error)) return 'none';
    // An engine that is away now may be back at the next request.
    if (isRetryable(error)) return 'away';
    throw error;
  }
}

async function waitForAnswer(
  logins: Logins,
  login: LoginRecord,
  { connection, maxWaitMs, untilTrouble }: ProgressWait,
): Promise<Prospect> {
  let reportTrouble: () => void = () => {};
  const trouble = new Promise<'trouble'>((resolve) => {
    reportTrouble = () => resolve('trouble');
  });
  let stopTimer = () => {};
  // The clock starts before a poll is sent: sending takes time, and a decoy sends none.
  const timeout = new Promise<'timeout'>((resolve) => {
    stopTimer = startTimer(() => resolve('timeout'), maxWaitMs);
  });
  const { outcome, leave } = logins.waits.join(login, untilTrouble ? reportTrouble : undefined);
  try {
    const end = await Promise.race([outcome, connection.whenClosed, timeout, trouble]);
    if (end === 'expired') return 'none';
    return end === 'trouble' ? 'away' : 'open';
  } finally {
    stopTimer();
    leave();
  }
}
