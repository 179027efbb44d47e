import type { Policy } from '../data/ports/requests.js';

/**
 * Whether possession of the device is all that the policy asks for: one factor, and no geofence. A
 * virtual device can prove no more.
 */
export function possessionSuffices(policy: Policy | undefined): boolean {
  if (!policy) return true;
  const { all, knowledge, inherence, possession } = policy.minimumRequirements;
  const isOneFactor = all <= 1 && possession <= 1 && knowledge === 0 && inherence === 0;
  return isOneFactor && policy.locations.length === 0;
}
