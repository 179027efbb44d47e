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
  | EndStatus
  | { readonly state: 'unknown' }
  /** The browser that asked has disconnected. */
  | { readonly state: 'disconnected' };

type EndStatus =
  | { readonly state: 'expired' | 'finished' }
  /** The reason is the device's, if it gave one, or `'cancelled'`. */
  | { readonly state: 'denied'; readonly reason?: string | undefined };

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
    return progress.login.answer?.authorized ? progress : finishDenial(logins, progress.login);
  }
  return progress.state === 'ended' ? endStatusOf(progress.verdict, progress.login) : progress;
}

async function finishDenial(logins: Logins, login: LoginRecord): Promise<EndStatus> {
  try {
    const verdict = await logins.finish(login.handle);
    return verdict ? endStatusOf(verdict, login) : denied(login);
  } catch (error) {
    if (!(error instanceof LaunchKeyError)) throw error;
    // The report failed, so the login stays unfinished. It is a denial all the same.
    return denied(login);
  }
}

function endStatusOf(verdict: Verdict, login: LoginRecord): EndStatus {
  if (verdict.approved) return { state: 'finished' };
  const { code } = verdict.info;
  return code === 'expired' || code === 'finished' ? { state: code } : denied(login);
}

function denied({ answer }: LoginRecord): EndStatus {
  return { state: 'denied', reason: answer?.reason };
}
