import { hash, randomUUID } from 'node:crypto';
import { RateLimitExceededError } from '../errors.js';
import type { PendingLogin, Place, Store } from '../store/store.js';

/** Of what there are only so many places for pending logins. */
export interface Counted {
  /** What is counted, for the error's message. */
  what: 'user name' | 'browser';
  /** See {@link Place.of}. */
  of: string;
  limit: number;
}

/**
 * A user name as something that is counted. The ways to write one name count as one, since the
 * engine may send them all to one phone; and the store gets a hash, since strangers choose how long a
 * name is and what is in it.
 */
export function countedUser(appKey: string, username: string, limit: number): Counted {
  const name = username.normalize('NFKC').trim().toLowerCase();
  return { what: 'user name', of: hashOf(`launchkey user ${appKey} ${name}`), limit };
}

/** A browser as something that is counted. */
export function countedBrowser(appKey: string, browser: string, limit: number): Counted {
  return { what: 'browser', of: hashOf(`launchkey browser ${appKey} ${browser}`), limit };
}

/**
 * Takes a place of each for a login that is about to begin, or none.
 *
 * @throws RateLimitExceededError, with `retryAfter`, where all are taken; what the store throws.
 */
export async function takePlaces(
  store: Store,
  counted: readonly Counted[],
  ttl: number,
): Promise<Place[]> {
  // From random bytes that Node keeps ready: to ask the system for some costs as much as three hashes.
  const id = randomUUID();
  const taken: Place[] = [];
  try {
    for (const { what, of, limit } of counted) {
      const place = { of, id };
      const free = await store.takePlace(place, limit, ttl);
      if (free !== null) throw tooMany(what, limit, free);
      taken.push(place);
    }
    return taken;
  } catch (error) {
    await leavePlaces(store, { places: taken });
    throw error;
  }
}

/** Gives back the places of a login. Those that the store cannot take back now fall free in time. */
export async function leavePlaces(
  store: Store,
  { places = [] }: Pick<PendingLogin, 'places'>,
): Promise<void> {
  await Promise.allSettled(places.map((place) => store.leavePlace(place)));
}

function tooMany(what: Counted['what'], limit: number, free: number): RateLimitExceededError {
  const retryAfter = Math.max(1, Math.ceil(free / 1000));
  return new RateLimitExceededError(
    `This ${what} has ${limit} logins that wait for an answer, which is the limit, so no further request was sent. Answer or cancel one, or try again in ${retryAfter} s.`,
    { retryAfter },
  );
}

function hashOf(text: string): string {
  return hash('sha256', text, 'base64url');
}
