import { LaunchKeyError } from '../errors.js';
import type { LoginRecord } from '../store/store.js';
import type { Logins } from './logins.js';
import { type ProgressWait, readProgress } from './resume.js';
import type { Verdict } from './verdict.js';

/** The status of a login for the browser that started it. Reading it does not log the user in. */
export type LoginStatus =
  | {
      readonly state: 'pending';
      readonly login: LoginRecord;
      /** Whether the engine could not be reached. */
      readonly away: boolean;
    }
  /** The user approved, and the login can be finished. */
  | { readonly state: 'answered'; readonly login: LoginRecord }
  | { readonly state: EndState | 'unknown' }
  /** The browser that asked has disconnected. */
  | { readonly state: 'disconnected' };

type EndState = 'denied' | 'expired' | 'finished';

/**
 * Reads the status of a login, and waits for its answer as {@link readProgress} does. An approval
 * is left for the request that logs in. A denial admits no one, so the first request that sees it
 * finishes the login, which reports the denial to the engine.
 */
export async function readStatus(
  logins: Logins,
  handle: string,
  wait: ProgressWait,
): Promise<LoginStatus> {
  const progress = await readProgress(logins, handle, { ...wait, untilTrouble: true });
  if (progress.state === 'answered') {
    return progress.login.answer?.authorized
      ? progress
      : { state: await finishDenial(logins, handle) };
  }
  return progress.state === 'ended' ? { state: endStateOf(progress.verdict) } : progress;
}

async function finishDenial(logins: Logins, handle: string): Promise<EndState> {
  try {
    const verdict = await logins.finish(handle);
    return verdict ? endStateOf(verdict) : 'denied';
  } catch (error) {
    if (!(error instanceof LaunchKeyError)) throw error;
    // The report failed, so the login stays unfinished. It is a denial all the same.
    return 'denied';
  }
}

function endStateOf(verdict: Verdict): EndState {
  if (verdict.approved) return 'finished';
  const { code } = verdict.info;
  return code === 'expired' || code === 'finished' ? code : 'denied';
}

/**
 * Cancels a login on behalf of its browser. An earlier answer stands.
 *
 * @returns whether it was cancelled.
 */
export async function cancelLogin(logins: Logins, handle: string): Promise<boolean> {
  const cancelled = await logins.cancel(handle);
  if (cancelled) await logins.finish(handle);
  return cancelled;
}
