import { LaunchKeyError } from '../errors.js';
import type { LoginRecord } from '../store/store.js';
import type { Browser } from './browser.js';
import type { Logins } from './logins.js';
import { lookAtLogin } from './resume.js';
import type { Verdict } from './verdict.js';

/** How a login looks to the browser that began it, which cannot finish it by looking. */
export type View =
  | {
      readonly state: 'pending';
      readonly login: LoginRecord;
      /** The engine could not be asked. */
      readonly away: boolean;
    }
  /** Approved: the login can be finished. */
  | { readonly state: 'answered'; readonly login: LoginRecord }
  | { readonly state: 'denied' | 'expired' | 'finished' | 'unknown' }
  /** The browser that looked has left. */
  | { readonly state: 'left' };

/**
 * Looks at a login, waiting for its answer as {@link lookAtLogin} does. An approval is left for
 * the request that logs in; a denial admits nobody, so whoever sees it first finishes it, which
 * tells the engine.
 */
export async function viewLogin(
  logins: Logins,
  handle: string,
  patience: number,
  browser: Browser,
): Promise<View> {
  const progress = await lookAtLogin(logins, handle, patience, browser, true);
  if (progress.state === 'answered') {
    return progress.login.answer?.authorized
      ? progress
      : { state: await finishDenial(logins, handle) };
  }
  return progress.state === 'over' ? { state: endOf(progress.verdict) } : progress;
}

async function finishDenial(logins: Logins, handle: string): Promise<End> {
  try {
    const verdict = await logins.finish(handle);
    return verdict ? endOf(verdict) : 'denied';
  } catch (error) {
    if (!(error instanceof LaunchKeyError)) throw error;
    // The engine did not hear of it, and the login stays to be finished. A denial all the same.
    return 'denied';
  }
}

type End = 'denied' | 'expired' | 'finished';

function endOf(verdict: Verdict): End {
  if (verdict.approved) return 'finished';
  const { code } = verdict.info;
  return code === 'expired' || code === 'finished' ? code : 'denied';
}

/**
 * Cancels a login on behalf of its browser. An answer that came first stands.
 *
 * @returns whether it was cancelled.
 */
export async function cancelLogin(logins: Logins, handle: string): Promise<boolean> {
  const cancelled = await logins.cancel(handle);
  if (cancelled) await logins.finish(handle);
  return cancelled;
}
