import { CachedIdentities } from './cached-identities.js';
import type { Ports } from './data.js';
import type { AppRecord } from './ports/apps.js';
import type { DeviceRecord } from './ports/devices.js';
import { ReadCache } from './read-cache.js';
import { STEPS, type StepKind } from './steps.js';

const MAX_APPS = 1000;
const MAX_DEVICES = 10_000;

/**
 * Remembers what every call reads: applications, devices and identities. Only for ports on data that
 * no other process changes; their methods are own properties.
 */
export function cacheReads(ports: Ports): Ports {
  const apps = new ReadCache<AppRecord>(MAX_APPS);
  const devices = new ReadCache<DeviceRecord>(MAX_DEVICES);
  return {
    ...ports,
    identities: new CachedIdentities(ports.identities),
    apps: {
      ...forgettingWrites(ports.apps, STEPS.apps, apps),
      get: (appKey) => apps.read(appKey, () => ports.apps.get(appKey)),
      // Deletes the devices of white label users, too.
      delete: (appKey) => devices.write(() => apps.write(() => ports.apps.delete(appKey))),
    },
    devices: {
      ...forgettingWrites(ports.devices, STEPS.devices, devices),
      get: (id) => devices.read(id, () => ports.devices.get(id)),
    },
    users: {
      ...ports.users,
      delete: (userId) => devices.write(() => ports.users.delete(userId)),
    },
  };
}

/** Every method that writes forgets the records whose keys it is given, or all without a key. */
function forgettingWrites<Port extends object>(
  port: Port,
  kinds: Record<keyof Port, StepKind>,
  cache: ReadCache<unknown>,
): Port {
  const methods = Object.entries(port).map(([name, method]) => {
    if (kinds[name as keyof Port] === 'read') return [name, method];
    const write = (...values: unknown[]) => {
      const keys = values.filter((value) => typeof value === 'string');
      return cache.write(() => method(...values), keys);
    };
    return [name, write];
  });
  return Object.fromEntries(methods) as Port;
}
