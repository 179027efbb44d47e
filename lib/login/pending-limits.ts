import { hash, randomUUID } from 'node:crypto';
import { RateLimitExceededError } from '../errors.js';
import type { PendingLogin, Place, Store } from '../store/store.js';

/** The limits that the application set. */
export interface PendingLimitSettings {
  maxPendingPerUser: number;
  maxPendingPerBrowser: number;
}

/** How many logins of one user name or one browser may wait for an answer. */
export interface PendingLimit {
  /** What is limited, for the message of the error. */
  subject: 'user name' | 'browser';
  /** See {@link Place.of}. */
  of: string;
  max: number;
}

/**
 * Returns the limits of a login: that of its user name, and that of its browser if the browser has
 * an id in its session.
 */
export function limitsOf(
  appKey: string,
  { username, browserId }: { username: string; browserId: string | undefined },
  { maxPendingPerUser, maxPendingPerBrowser }: PendingLimitSettings,
): PendingLimit[] {
  // Different spellings of a name share one limit, because the engine may send them all to one
  // phone.
  const name = username.normalize('NFKC').trim().toLowerCase();
  const ofUser: PendingLimit = {
    subject: 'user name',
    of: hashOf(`launchkey user ${appKey} ${name}`),
    max: maxPendingPerUser,
  };
  if (browserId === undefined) return [ofUser];
  const ofBrowser: PendingLimit = {
    subject: 'browser',
    of: hashOf(`launchkey browser ${appKey} ${browserId}`),
    max: maxPendingPerBrowser,
  };
  return [ofBrowser, ofUser];
}

/**
 * Takes a pending slot of each limit for a new login, or none.
 *
 * @param ttlMs - after this time, in milliseconds, the slots become free by themselves.
 * @throws RateLimitExceededError, with `retryAfter`, if a limit has no free slot; the error of the
 *   store.
 */
export async function takeSlots(
  store: Store,
  limits: readonly PendingLimit[],
  ttlMs: number,
): Promise<Place[]> {
  // Node.js keeps random bytes ready for UUIDs; randomBytes() costs as much as three hashes.
  const id = randomUUID();
  const slots: Place[] = [];
  try {
    for (const limit of limits) {
      const slot = { of: limit.of, id };
      const freeInMs = await store.takePlace(slot, limit.max, ttlMs);
      if (freeInMs !== null) throw limitExceeded(limit, freeInMs);
      slots.push(slot);
    }
    return slots;
  } catch (error) {
    await returnSlots(store, { places: slots });
    throw error;
  }
}

/** Returns the slots of a login. A slot that the store cannot take back becomes free in time. */
export async function returnSlots(
  store: Store,
  { places = [] }: Pick<PendingLogin, 'places'>,
): Promise<void> {
  await Promise.allSettled(places.map((slot) => store.leavePlace(slot)));
}

function limitExceeded({ subject, max }: PendingLimit, freeInMs: number): RateLimitExceededError {
  const retryAfter = Math.max(1, Math.ceil(freeInMs / 1000));
  return new RateLimitExceededError(
    `This ${subject} already has ${max} logins that wait for an answer, which is the maximum. No push was sent. Answer or cancel one of them, or try again in ${retryAfter} s.`,
    { retryAfter },
  );
}

/** The store gets a hash, because strangers choose the length and the content of a name. */
function hashOf(text: string): string {
  return hash('sha256', text, 'base64url');
}
