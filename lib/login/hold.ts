import type { PendingLogin } from '../store/store.js';
import type { Browser } from './browser.js';
import type { Logins } from './logins.js';
import { refused, type Verdict } from './verdict.js';

/**
 * Waits with the browser's request held open.
 *
 * @returns the verdict, or `null` if the browser left: then nobody is logged in, and a LaunchKey
 *   session that was approved at the last moment is ended again.
 */
export async function hold(
  logins: Logins,
  login: PendingLogin,
  browser: Browser,
): Promise<Verdict | null> {
  const { outcome, leave } = logins.waits.join(login);
  try {
    const how = await Promise.race([outcome, browser.left]);
    if (how === 'left') return null;
  } finally {
    leave();
  }
  // Also after 'expired': an event may have brought the answer at the same moment.
  const verdict = await logins.finish(login.handle);
  if (!verdict) return refused('expired');
  if (!browser.gone) return verdict;
  if (verdict.approved && login.session) await logins.sessions.close(login.handle);
  return null;
}
