import { hash } from 'node:crypto';
import type { AuthPackageReading, PollAnswer } from '../client/client.js';
import type { Answer, PendingLogin, Store } from '../store/store.js';
import type { Diagnostics } from './diagnostics.js';
import { returnSlots } from './pending-limits.js';

/**
 * Records an answer from the engine, unless the login has one already, and returns the login's
 * pending slots.
 *
 * A package that names another auth request is recorded as a denial: the engine vouches for the
 * answer, and the package proves nothing about this login.
 */
export async function recordAnswer(
  { store, diagnostics }: { store: Store; diagnostics: Diagnostics },
  login: PendingLogin,
  answer: PollAnswer,
  reading: AuthPackageReading,
): Promise<void> {
  const authorized = reading.belongs && reading.authorized;
  const recorded = await store.answer(login.handle, {
    authorized,
    userHash: answer.userHash,
    organizationUser: answer.organizationUser,
    userPushId: answer.userPushId,
    deviceId: reading.deviceId,
    reason: reading.reason,
    digest: digestOf(answer.auth),
  });
  if (!recorded) return;
  diagnostics.answered(login, authorized, reading.reason);
  await returnSlots(store, login);
}

/** An answer that no device gave, for a login that this application ends by itself. */
export function localAnswer(reason: 'cancelled' | 'expired'): Answer {
  return { authorized: false, userHash: '', reason, digest: '' };
}

/** Whether an answer was made by {@link localAnswer}. */
export function isLocalAnswer({ digest }: Answer): boolean {
  return digest === '';
}

/**
 * Returns the digest that identifies a package. White space and backslashes are left out, because
 * the same package has line breaks in a poll and none in an event.
 */
export function digestOf(auth: string): string {
  return hash('sha256', auth.replace(/[\s\\]/g, ''), 'base64url');
}
