import { LaunchKeyError } from '../errors.js';
import { type PendingLogin, StoreUnavailableError } from '../store/store.js';
import type { Browser } from './browser.js';
import type { Logins } from './logins.js';
import { refused, type Verdict } from './verdict.js';
import { backoff } from './wait.js';

/**
 * Waits with the browser's request held open.
 *
 * @returns the verdict, or `null` if the browser left: then nobody is logged in, and a LaunchKey
 *   session that was approved at the last moment, or is approved later, is ended again.
 * @throws what the client throws if the engine cannot be told of the answer for as long as the login
 *   may take. That is tried again in the background, to the end that no LaunchKey session stays open.
 */
export async function hold(
  logins: Logins,
  login: PendingLogin,
  browser: Browser,
): Promise<Verdict | null> {
  const { outcome, leave } = logins.waits.join(login);
  try {
    const how = await Promise.race([outcome, browser.left]);
    if (how === 'left') return await letGo(logins, login, null);
  } finally {
    leave();
  }
  // Also after 'expired': an event may have brought the answer at the same moment.
  const verdict = await finishInTime(logins, login, browser);
  if (browser.gone) return letGo(logins, login, verdict);
  if (verdict) return verdict;
  await logins.giveUp(login, 'expired');
  return refused('expired');
}

/** Undoes what came of a login whose browser left. */
async function letGo(logins: Logins, login: PendingLogin, verdict: Verdict | null): Promise<null> {
  if (verdict?.approved && login.session) await logins.sessions.close(login.handle);
  // Nobody is left to be told that the store is away.
  if (!verdict) await logins.giveUp(login, 'cancelled').catch(() => {});
  return null;
}

/**
 * Finishes the login. Lost connections and the like are waited out until it expires, as they are
 * while the answer is waited for. Ends with `null` if there is no answer, or the browser has left.
 */
async function finishInTime(
  logins: Logins,
  login: PendingLogin,
  browser: Browser,
): Promise<Verdict | null> {
  for (let failures = 0; ; failures++) {
    try {
      return await logins.finish(login.handle);
    } catch (error) {
      const pause = pauseAfter(error, logins, failures);
      if (pause === null || Date.now() + pause >= login.expiresAt) {
        logins.disown(login);
        throw error;
      }
      await sleep(pause, browser);
      if (browser.gone) return null;
    }
  }
}

/** For how many milliseconds to wait before another try; `null` for none. */
function pauseAfter(error: unknown, logins: Logins, failures: number): number | null {
  // Whether a call that the store did not answer took effect, nobody knows.
  if (error instanceof StoreUnavailableError) return null;
  if (!(error instanceof LaunchKeyError && error.retryable)) return null;
  return backoff(logins.pollInterval, failures, error.retryAfter);
}

async function sleep(ms: number, browser: Browser): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms).unref();
  });
  await Promise.race([over, browser.left]);
  clearTimeout(timer);
}
