import type { LaunchKeyClient } from '../client/client.js';
import type { Answer, LoginRecord, Store } from '../store/store.js';
import { isLocalAnswer } from './answer.js';
import type { Diagnostics } from './diagnostics.js';
import type { LaunchKeySessions } from './sessions.js';
import { refusal, type Verdict } from './verdict.js';

interface FinishParts {
  client: LaunchKeyClient;
  store: Store;
  sessions: LaunchKeySessions;
  diagnostics: Diagnostics;
}

/**
 * Turns the answer in the store into the verdict. Of all callers in all processes, one gets the
 * verdict and the others get `null`.
 *
 * The engine accepts the report of the answer before the user is logged in; otherwise the login is
 * refused. A LaunchKey session is stored before the report, so that a logout on the device always
 * finds it.
 *
 * @throws the client's error if the report cannot be delivered. The answer then stays in the store
 *   for another attempt.
 */
export async function finishLogin(parts: FinishParts, handle: string): Promise<Verdict | null> {
  const record = await parts.store.consume(handle);
  if (!record?.answer) return null;
  const verdict = await evaluate(parts, record, record.answer);
  // The outcome of an approval depends on verify, so it is published later.
  if (!verdict.approved) parts.diagnostics.finished(record, verdict.info.code);
  return verdict;
}

async function evaluate(
  { client, store, sessions }: FinishParts,
  record: LoginRecord,
  answer: Answer,
): Promise<Verdict> {
  const { handle } = record;
  // The engine has no answer to this auth request, so a report would be refused.
  if (isLocalAnswer(answer)) return refusal(answer.reason === 'expired' ? 'expired' : 'denied');
  const isExpectedUser = record.userHash === undefined || record.userHash === answer.userHash;
  const authorized = answer.authorized && isExpectedUser;
  const opensSession = authorized && record.session;
  let accepted: boolean;
  try {
    if (opensSession) await sessions.open(record, answer.userHash);
    accepted = await client.report(record.authRequest, 'Authenticate', authorized, {});
  } catch (error) {
    await Promise.allSettled([opensSession && sessions.forget(handle), store.release(handle)]);
    throw error;
  }
  if (authorized && accepted) return approval(record, answer);
  if (opensSession) await sessions.forget(handle);
  if (answer.authorized && !isExpectedUser) {
    if (record.session) await sessions.revoke(record.authRequest);
    return refusal('unverified');
  }
  return refusal(answer.reason === 'expired' ? 'expired' : 'denied');
}

function approval(record: LoginRecord, answer: Answer): Verdict {
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
