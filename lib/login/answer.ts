import { hash } from 'node:crypto';
import type { AuthPackageReading, PollAnswer } from '../client/client.js';
import type { Answer, PendingLogin, Store } from '../store/store.js';
import type { Diagnostics } from './diagnostics.js';
import { leavePlaces } from './places.js';

/**
 * Keeps an answer that came from the engine, if it is the first one, and lets another login wait in
 * the place of this one.
 *
 * A package that names another auth request is kept as a denial: the engine vouched for it, and
 * it proves nothing about this login.
 */
export async function keepAnswer(
  { store, diagnostics }: { store: Store; diagnostics: Diagnostics },
  login: PendingLogin,
  answer: PollAnswer,
  read: AuthPackageReading,
): Promise<void> {
  const authorized = read.belongs && read.authorized;
  const first = await store.answer(login.handle, {
    authorized,
    userHash: answer.userHash,
    organizationUser: answer.organizationUser,
    userPushId: answer.userPushId,
    deviceId: read.deviceId,
    reason: read.reason,
    digest: digestOf(answer.auth),
  });
  if (!first) return;
  diagnostics.answered(login, authorized, read.reason);
  await leavePlaces(store, login);
}

/** An answer that no device gave: the login was given up here. */
export function ownAnswer(reason: 'cancelled' | 'expired'): Answer {
  return { authorized: false, userHash: '', reason, digest: '' };
}

/** Whether an answer was not given by a device; see {@link ownAnswer}. */
export function isOwnAnswer({ digest }: Answer): boolean {
  return digest === '';
}

/**
 * The digest by which a package is known again. White space is left out: the same package has
 * line breaks in one place and none in another (PROTOCOL, "Quirks seen on the wire").
 */
export function digestOf(auth: string): string {
  return hash('sha256', auth.replace(/[\s\\]/g, ''), 'base64url');
}
