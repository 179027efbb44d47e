import { createHash } from 'node:crypto';
import type { Policy } from '../data/ports/requests.js';
import { DeviceRefusal } from './device-refusal.js';

/** What an answer has proven: how many of each factor, and whether it was given in a place asked for. */
export interface Proven {
  knowledge: number;
  inherence: number;
  possession: number;
  location: boolean;
}

/** How old the position of a device may be. */
const POSITION_AGE = 2 * 60_000;
/** How far the device's clock may be ahead. */
const POSITION_AHEAD = 60_000;
/** Positions are never better known than this indoors; asking for more would only shut people out. */
const LEAST_ACCURACY = 100;

/** What the proofs of an approval are over, so that they hold for this answer and no other. */
export function answerChallenge(authRequest: string, deviceId: string, auth: string): Buffer {
  return createHash('sha256')
    .update(`launchkey-answer\n${authRequest}\n${deviceId}\ntrue\n${auth}`)
    .digest();
}

/** Throws a {@link DeviceRefusal} that names what is missing. */
export function requireProofs(policy: Policy, proven: Proven): void {
  const { all, knowledge, inherence, possession } = policy.minimumRequirements;
  const missing: string[] = [];
  if (proven.knowledge < knowledge) missing.push('knowledge');
  if (proven.inherence < inherence) missing.push('inherence');
  if (proven.possession < possession) missing.push('possession');
  const kinds = [proven.knowledge, proven.inherence, proven.possession].filter((n) => n > 0);
  if (kinds.length < all) missing.push('factors');
  if (policy.locations.length > 0 && !proven.location) missing.push('location');
  if (missing.length === 0) return;
  throw new DeviceRefusal('policy', `The application asks for more: ${missing.join(', ')}.`, {
    missing,
  });
}

/**
 * Whether the device says that it is inside one of the places. It measures and compares by itself: a
 * device that lies could send coordinates just as well, and this way nobody's whereabouts are kept.
 */
export function insideLocation(policy: Policy, value: unknown, now: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { index, accuracy, at } = value as Record<string, unknown>;
  if (![index, accuracy, at].every((number) => Number.isFinite(number))) return false;
  const location = policy.locations[index as number];
  if (!location) return false;
  const fresh = (at as number) >= now - POSITION_AGE && (at as number) <= now + POSITION_AHEAD;
  const exact =
    (accuracy as number) >= 0 && (accuracy as number) <= Math.max(location.radius, LEAST_ACCURACY);
  return fresh && exact;
}
