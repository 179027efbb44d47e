import type { LaunchKeyClient } from '../client/client.js';
import type { Answer, LoginRecord, Store } from '../store/store.js';
import { isOwnAnswer } from './answer.js';
import type { Diagnostics } from './diagnostics.js';
import type { LaunchKeySessions } from './sessions.js';
import { refused, type Verdict } from './verdict.js';

/** The reason of an answer that the browser gave: it does not want to log in any more. */
export const CANCELLED = 'cancelled';

/**
 * Turns the answer in the store into the verdict, once: of all who ask, in whatever process, one
 * gets it and the others get `null`.
 *
 * The engine hears of the evaluation before anybody is logged in. If it does not accept the
 * report, nobody is. A LaunchKey session is kept from before the report on, so that a logout on
 * the device finds it however soon it comes.
 *
 * @throws what the client throws if the report cannot be delivered; the answer then stays in the
 *   store, for another try.
 */
export async function finishLogin(
  parts: {
    client: LaunchKeyClient;
    store: Store;
    sessions: LaunchKeySessions;
    diagnostics: Diagnostics;
  },
  handle: string,
): Promise<Verdict | null> {
  const record = await parts.store.consume(handle);
  if (!record?.answer) return null;
  const verdict = await evaluate(parts, record, record.answer);
  // How an approval ends is up to verify.
  if (!verdict.approved) parts.diagnostics.finished(record, verdict.info.code);
  return verdict;
}

async function evaluate(
  {
    client,
    store,
    sessions,
  }: { client: LaunchKeyClient; store: Store; sessions: LaunchKeySessions },
  record: LoginRecord,
  answer: Answer,
): Promise<Verdict> {
  const { handle } = record;
  // The engine has no answer to this auth request: there is nothing to report on.
  if (isOwnAnswer(answer)) return refused(answer.reason === 'expired' ? 'expired' : 'denied');
  const opens = answer.authorized && record.session;
  let accepted: boolean;
  try {
    if (opens) await sessions.open(record, answer.userHash);
    accepted = await client.report(record.authRequest, 'Authenticate', answer.authorized, {});
  } catch (error) {
    await Promise.allSettled([opens && sessions.forget(handle), store.release(handle)]);
    throw error;
  }
  if (answer.authorized && accepted) return approved(record, answer);
  if (opens) await sessions.forget(handle);
  return refused(answer.reason === 'expired' ? 'expired' : 'denied');
}

function approved(record: LoginRecord, answer: Answer): Verdict {
  const { organizationUser, userPushId, deviceId } = answer;
  return {
    approved: true,
    response: {
      authRequest: record.authRequest,
      authorized: true,
      userHash: answer.userHash,
      ...(organizationUser !== undefined && { organizationUser }),
      ...(userPushId !== undefined && { userPushId }),
      ...(deviceId !== undefined && { deviceId }),
      username: record.username,
    },
  };
}
