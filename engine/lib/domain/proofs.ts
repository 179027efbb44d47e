import { createHash } from 'node:crypto';
import type { Policy } from '../data/ports/requests.js';
import type { Refusal } from './refusals.js';

/** What an answer proves: the number of factors of each kind, and a geofence. */
export interface Proven {
  knowledge: number;
  inherence: number;
  possession: number;
  location: boolean;
}

/** Maximum age of a device's position. */
const MAX_POSITION_AGE_MS = 2 * 60_000;
/** Allowed time by which a position's time is ahead of the engine's clock. */
const MAX_POSITION_AHEAD_MS = 60_000;
/** Accuracy that every geofence accepts, in metres: positions indoors are seldom better. */
const ACCEPTED_ACCURACY_M = 100;

/** The challenge that the proofs of an approval sign. It binds them to this answer. */
export function answerChallenge(authRequest: string, deviceId: string, auth: string): Buffer {
  return createHash('sha256')
    .update(`launchkey-answer\n${authRequest}\n${deviceId}\ntrue\n${auth}`)
    .digest();
}

/** Returns a refusal that lists the missing proofs, or `undefined` if the policy is satisfied. */
export function refuseUnproven(policy: Policy, proven: Proven): Refusal<'policy'> | undefined {
  const { all, knowledge, inherence, possession } = policy.minimumRequirements;
  const missing: string[] = [];
  if (proven.knowledge < knowledge) missing.push('knowledge');
  if (proven.inherence < inherence) missing.push('inherence');
  if (proven.possession < possession) missing.push('possession');
  const kinds = [proven.knowledge, proven.inherence, proven.possession].filter((n) => n > 0);
  if (kinds.length < all) missing.push('factors');
  if (policy.locations.length > 0 && !proven.location) missing.push('location');
  return missing.length > 0 ? { refused: 'policy', missing } : undefined;
}

/**
 * Whether the device reports that it is inside one of the geofences. The device compares by itself, so
 * the engine learns no positions. A device that lies could send false coordinates as well.
 */
export function insideLocation(policy: Policy, value: unknown, now: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { index, accuracy, at } = value as Record<string, unknown>;
  if (![index, accuracy, at].every((number) => Number.isFinite(number))) return false;
  const location = policy.locations[index as number];
  if (!location) return false;
  const fresh =
    (at as number) >= now - MAX_POSITION_AGE_MS && (at as number) <= now + MAX_POSITION_AHEAD_MS;
  const exact =
    (accuracy as number) >= 0 &&
    (accuracy as number) <= Math.max(location.radius, ACCEPTED_ACCURACY_M);
  return fresh && exact;
}
