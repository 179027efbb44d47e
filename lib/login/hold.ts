import { type PendingLogin, StoreUnavailableError } from '../store/store.js';
import { backoff } from '../util/backoff.js';
import { withTimeout } from '../util/timers.js';
import type { Connection } from './connection.js';
import { isRetryable } from './engine-errors.js';
import type { Logins } from './logins.js';
import { refusal, type Verdict } from './verdict.js';

/**
 * Waits for the verdict while the browser's request stays open.
 *
 * @returns the verdict, or `null` if the browser disconnected. Then the user is not logged in, and
 *   a LaunchKey session is ended, whether the approval came at the last moment or comes later.
 * @throws the client's error if the answer cannot be reported to the engine before the login
 *   expires. The report is then retried in the background, so that no LaunchKey session stays open.
 */
export async function holdLogin(
  logins: Logins,
  login: PendingLogin,
  connection: Connection,
): Promise<Verdict | null> {
  const { outcome, leave } = logins.waits.join(login);
  try {
    const end = await Promise.race([outcome, connection.whenClosed]);
    if (end === 'closed' || connection.closed) return await abandon(logins, login, null);
  } finally {
    leave();
  }
  // Also after 'expired': an event may have brought the answer at the same moment.
  const verdict = await finishBeforeExpiry(logins, login, connection);
  if (connection.closed) return abandon(logins, login, verdict);
  if (verdict) return verdict;
  // In the background: a browser whose user does not exist waits for no engine.
  void logins.abandon(login, 'expired').catch(() => {});
  return refusal('expired');
}

/** Undoes the effects of a login whose browser disconnected. */
async function abandon(
  logins: Logins,
  login: PendingLogin,
  verdict: Verdict | null,
): Promise<null> {
  if (verdict?.approved && login.session) await logins.sessions.close(login.handle);
  // No browser is left that could receive an error of the store.
  if (!verdict) {
    const end = () => logins.abandon(login, 'cancelled');
    await logins.starter.endInTurn(login, end).catch(() => {});
  }
  return null;
}

/**
 * Finishes the login, and retries retryable errors until the login expires. Resolves to `null` if
 * there is no answer or the browser disconnected.
 */
async function finishBeforeExpiry(
  logins: Logins,
  login: PendingLogin,
  connection: Connection,
): Promise<Verdict | null> {
  for (let failures = 0; ; failures++) {
    try {
      return await logins.finish(login.handle);
    } catch (error) {
      const pause = retryPause(error, logins, failures);
      if (pause === null || Date.now() + pause >= login.expiresAt) {
        logins.reportUnused(login);
        throw error;
      }
      await withTimeout(connection.whenClosed, pause, () => {});
      if (connection.closed) return null;
    }
  }
}

/** Returns the pause before the next attempt in milliseconds, or `null` if there is none. */
function retryPause(error: unknown, logins: Logins, failures: number): number | null {
  // A store call without an answer may have taken effect, so it must not be repeated.
  if (error instanceof StoreUnavailableError || !isRetryable(error)) return null;
  return backoff(logins.pollInterval, failures, error.retryAfter);
}
