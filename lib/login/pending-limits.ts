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
  /** The same for the room that is left when no slot of `of` is free. */
  ownRoom?: string | undefined;
  max: number;
}

/** Whose logins are limited. */
export interface LimitedBrowser {
  username: string;
  /** The id in the browser's session, if it has one. */
  browserId: string | undefined;
  /** Names the browser if it has used this user name before. */
  ownRoom?: string | undefined;
}

/**
 * Returns the limits of a login: that of its user name, and that of its browser if the browser has
 * an id in its session. A browser that has used the user name before has room of its own when
 * strangers have taken the common slots.
 */
export function limitsOf(
  appKey: string,
  { username, browserId, ownRoom }: LimitedBrowser,
  { maxPendingPerUser, maxPendingPerBrowser }: PendingLimitSettings,
): PendingLimit[] {
  const name = comparableName(username);
  const ofUser: PendingLimit = {
    subject: 'user name',
    of: hashOf(`launchkey user ${appKey} ${name}`),
    ownRoom:
      ownRoom === undefined
        ? undefined
        : hashOf(`launchkey user of browser ${appKey} ${JSON.stringify([ownRoom, name])}`),
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
 * Returns one text for all spellings of a name, because the engine may send them all to one phone.
 */
export function comparableName(username: string): string {
  return username.normalize('NFKC').trim().toLowerCase();
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
    for (const limit of limits) slots.push(await takeSlot(store, limit, id, ttlMs));
    return slots;
  } catch (error) {
    await returnSlots(store, { places: slots });
    throw error;
  }
}

async function takeSlot(
  store: Store,
  limit: PendingLimit,
  id: string,
  ttlMs: number,
): Promise<Place> {
  let freeInMs = 0;
  for (const of of [limit.of, limit.ownRoom]) {
    if (of === undefined) continue;
    const taken = await store.takePlace({ of, id }, limit.max, ttlMs);
    if (taken === null) return { of, id };
    freeInMs = taken;
  }
  throw limitExceeded(limit, freeInMs);
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
