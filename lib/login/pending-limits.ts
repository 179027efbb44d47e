import { hash, randomUUID } from 'node:crypto';
import { RateLimitExceededError } from '../errors.js';
import type { PendingLogin, Place, Store } from '../store/store.js';

/** How many logins of one user name or one browser may wait for an answer. */
export interface PendingLimit {
  /** What is limited, for the message of the error. */
  subject: 'user name' | 'browser';
  /** See {@link Place.of}. */
  of: string;
  max: number;
}

/**
 * The limit of a user name. Different spellings of a name share one limit, because the engine may
 * send them all to one phone. The store gets a hash, because strangers choose the length and the
 * content of a name.
 */
export function userLimit(appKey: string, username: string, max: number): PendingLimit {
  const name = username.normalize('NFKC').trim().toLowerCase();
  return { subject: 'user name', of: hashOf(`launchkey user ${appKey} ${name}`), max };
}

/** The limit of a browser, which is named by an id in its session. */
export function browserLimit(appKey: string, browserId: string, max: number): PendingLimit {
  return { subject: 'browser', of: hashOf(`launchkey browser ${appKey} ${browserId}`), max };
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

function hashOf(text: string): string {
  return hash('sha256', text, 'base64url');
}
