import { CachedIdentities } from './cached-identities.js';
import type { Ports } from './data.js';
import type { AppRecord } from './ports/apps.js';
import type { DeviceRecord } from './ports/devices.js';
import type { PastRequest, RequestRecord } from './ports/requests.js';
import { ReadCache } from './read-cache.js';
import { STEPS, type StepKind } from './steps.js';

const MAX_APPS = 1000;
const MAX_DEVICES = 10_000;
const MAX_REQUESTS = 10_000;

/** Ports that remember, and how a sweep deletes records of theirs. */
export interface CachedPorts {
  ports: Ports;
  sweep<Result>(step: () => Promise<Result>): Promise<Result>;
}

/**
 * Remembers what every call reads: applications, devices, open requests and identities. Only for ports on
 * data that no other process changes; their methods are own properties.
 */
export function cacheReads(ports: Ports): CachedPorts {
  const apps = new ReadCache<AppRecord>(MAX_APPS);
  const devices = new ReadCache<DeviceRecord>(MAX_DEVICES);
  const requests = new ReadCache<RequestRecord | PastRequest>(MAX_REQUESTS);
  const cached: Ports = {
    ...ports,
    identities: new CachedIdentities(ports.identities),
    apps: {
      ...forgettingWrites(ports.apps, STEPS.apps, apps),
      get: (appKey) => apps.read(appKey, () => ports.apps.get(appKey)),
      // Deletes the devices of white label users and all requests, too.
      delete: (appKey) =>
        requests.write(() => devices.write(() => apps.write(() => ports.apps.delete(appKey)))),
    },
    devices: {
      ...forgettingWrites(ports.devices, STEPS.devices, devices),
      get: (id) => devices.read(id, () => ports.devices.get(id)),
    },
    requests: {
      ...forgettingWrites(ports.requests, STEPS.requests, requests),
      get: (authRequest) =>
        requests.read(authRequest, () => ports.requests.get(authRequest), isOpen),
      insert: async (request, limits, audit) => {
        const { authRequest } = request;
        let result: Awaited<ReturnType<typeof ports.requests.insert>> = 'gone';
        const insert = async () => {
          result = await ports.requests.insert(request, limits, audit);
          return result === 'inserted';
        };
        await requests.insert(insert, authRequest, request);
        return result;
      },
      expireOpen: (userId, now) => requests.write(() => ports.requests.expireOpen(userId, now)),
    },
    users: {
      ...ports.users,
      recipient: (names) =>
        devices.learn(
          () => ports.users.recipient(names),
          (found) => (found?.devices ?? []).map((device) => [device.id, device]),
        ),
      delete: (userId) => requests.write(() => devices.write(() => ports.users.delete(userId))),
    },
  };
  return { ports: cached, sweep: (step) => requests.write(step) };
}

/** The end of a session changes other requests than the one that is named, and no open one. */
function isOpen(request: RequestRecord | PastRequest): boolean {
  return !('past' in request) && !request.answer;
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
