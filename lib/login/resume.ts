import { LaunchKeyError } from '../errors.js';
import type { LoginRecord } from '../store/store.js';
import type { Browser } from './browser.js';
import type { Logins } from './logins.js';
import { refused, type Verdict } from './verdict.js';
import { isGone } from './wait.js';

/** How far a login is that was begun in an earlier request. */
export type Progress =
  /** Nothing is known of it: it never was, or it was long ago. */
  | { readonly state: 'unknown' }
  | {
      readonly state: 'pending';
      readonly login: LoginRecord;
      /** The engine could not be asked. */
      readonly away: boolean;
    }
  /** The answer is there, and nobody has finished the login yet. */
  | { readonly state: 'answered'; readonly login: LoginRecord }
  | { readonly state: 'over'; readonly login: LoginRecord; readonly verdict: Verdict }
  /** The browser that asked has left. */
  | { readonly state: 'left' };

/**
 * Looks how far a login is, and waits for its answer for as long as the browser is willing to.
 * Only looking: nobody is logged in by it, and it can be repeated.
 *
 * @param patience - milliseconds; with 0 the engine is asked once.
 * @param untilTrouble - not to wait on when the engine turns out to be away.
 */
export async function lookAtLogin(
  logins: Logins,
  handle: string,
  patience: number,
  browser: Browser,
  untilTrouble = false,
): Promise<Progress> {
  const login = await logins.get(handle);
  if (!login) return { state: 'unknown' };
  const prospect =
    login.state === 'pending'
      ? await seekAnswer(logins, login, patience, browser, untilTrouble)
      : 'open';
  if (prospect === 'none') return over(login, refused('expired'));
  if (browser.gone) return { state: 'left' };
  const now = await logins.get(handle);
  if (!now) return { state: 'unknown' };
  if (now.state === 'answered') return { state: 'answered', login: now };
  if (now.state === 'finished') return over(now, verdictAgain(now));
  return now.expiresAt > Date.now()
    ? { state: 'pending', login: now, away: prospect === 'away' }
    : over(now, refused('expired'));
}

/**
 * Takes up a login, and finishes it if there is an answer. Of several who come at once, one gets
 * the verdict of an approval; the others learn that it is finished.
 */
export async function resumeLogin(
  logins: Logins,
  handle: string,
  patience: number,
  browser: Browser,
): Promise<Progress> {
  const progress = await lookAtLogin(logins, handle, patience, browser);
  if (progress.state !== 'answered') return progress;
  const { login } = progress;
  const verdict = await logins.finish(handle);
  if (!verdict) return over(login, verdictAgain(login));
  if (!browser.gone) return over(login, verdict);
  // Nobody has seen the verdict: the browser may come back for it.
  await logins.release(handle);
  return { state: 'left' };
}

/** What somebody learns of a login that was finished before. A denial stays one. */
function verdictAgain({ answer }: LoginRecord): Verdict {
  return refused(answer?.authorized ? 'finished' : 'denied');
}

function over(login: LoginRecord, verdict: Verdict): Progress {
  return { state: 'over', login, verdict };
}

/** Whether there may be an answer; `away` if the engine could not be asked. */
type Prospect = 'open' | 'away' | 'none';

async function seekAnswer(
  logins: Logins,
  login: LoginRecord,
  patience: number,
  browser: Browser,
  untilTrouble: boolean,
): Promise<Prospect> {
  if (login.expiresAt <= Date.now()) return 'none';
  try {
    if (patience > 0) return await watch(logins, login, patience, browser, untilTrouble);
    await logins.ask(login);
    return 'open';
  } catch (error) {
    if (isGone(error)) return 'none';
    // An engine that is away for the moment may be back at the next look.
    if (error instanceof LaunchKeyError && error.retryable) return 'away';
    throw error;
  }
}

async function watch(
  logins: Logins,
  login: LoginRecord,
  patience: number,
  browser: Browser,
  untilTrouble: boolean,
): Promise<Prospect> {
  let trouble: () => void = () => {};
  const troubled = new Promise<'trouble'>((resolve) => {
    trouble = () => resolve('trouble');
  });
  let timer: NodeJS.Timeout | undefined;
  // Before a poll is sent, whose sending takes time: a decoy has none.
  const enough = new Promise<'enough'>((resolve) => {
    timer = setTimeout(resolve, patience, 'enough').unref();
  });
  const { outcome, leave } = logins.waits.join(login, untilTrouble ? trouble : undefined);
  try {
    const end = await Promise.race([outcome, browser.left, enough, troubled]);
    if (end === 'expired') return 'none';
    return end === 'trouble' ? 'away' : 'open';
  } finally {
    clearTimeout(timer);
    leave();
  }
}
