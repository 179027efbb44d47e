import type { Geofence, Policy } from '../phone.js';

/** What an approval has to prove besides being signed with the device's key. */
export interface Needs {
  pin: boolean;
  webauthn: boolean;
  geofences: Geofence[];
}

/** `undefined` if a device cannot prove as much; what is set up is preferred where there is a choice. */
export function needsOf(policy: Policy | undefined, hasWebauthn: boolean): Needs | undefined {
  if (!policy) return { pin: false, webauthn: false, geofences: [] };
  const { all, knowledge, inherence, possession } = policy.minimumRequirements;
  if (knowledge > 1 || inherence > 1 || possession > 2 || all > 3) return undefined;
  const both = all === 3;
  const webauthn = inherence > 0 || possession > 1 || both;
  const pin = knowledge > 0 || both;
  const oneMore = all === 2 && !pin && !webauthn;
  return {
    pin: pin || (oneMore && !hasWebauthn),
    webauthn: webauthn || (oneMore && hasWebauthn),
    geofences: policy.locations,
  };
}
