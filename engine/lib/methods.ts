import { DeviceRefusal } from './domain/device-refusal.js';
import type { Services } from './domain/services.js';
import {
  showAudit,
  showDevice,
  showReceipt,
  showRequest,
  showSession,
} from './domain/snapshots.js';
import type { Engine } from './engine.js';
import { LaunchKeyEngineError } from './errors.js';

/** The methods of an engine that act on its data. */
export type EngineMethods = Omit<Engine, 'url' | 'authenticatorUrl' | 'close'>;

/** @param open - returns the services, or throws if the engine was closed. */
export function engineMethods(open: () => Services): EngineMethods {
  const userId = async (username: string) => (await open().users.require(username)).id;
  return {
    createApp: async (options) => {
      const { apps, audit } = open();
      const app = await apps.create(options);
      await audit.write('app.created', { appKey: app.appKey }, { name: options.name });
      return app;
    },
    apps: async () => await open().apps.list(),
    disableApp: async (appKey) => {
      const { apps, audit, signals } = open();
      await apps.setDisabled(appKey, true);
      await audit.write('app.disabled', { appKey });
      // Releases the polls that the application holds.
      signals.publish('any');
    },
    enableApp: async (appKey) => {
      const { apps, audit } = open();
      await apps.setDisabled(appKey, false);
      await audit.write('app.enabled', { appKey });
    },
    rotateApp: async (appKey, options) => await open().rotation.rotate(appKey, options),
    deleteApp: async (appKey) => await open().deletions.app(appKey),

    createUser: async (username, { device = true } = {}) => {
      const { users, audit } = open();
      const user = await users.create(username, device);
      await audit.write('user.created', { userId: user.id });
      const createdAt = new Date(user.createdAt);
      return { username: user.username, hasDevice: device, devices: 0, createdAt };
    },
    users: async () => await open().users.list(),
    deleteUser: async (username) => await open().deletions.user(username),

    pair: async (code) => ({ username: await open().whiteLabel.pair(code) }),
    pairDevice: async (username) => {
      const { users, pairings, audit } = open();
      const user = await users.require(username);
      const { expiresAt, ...offer } = await pairings.offer(user.id);
      await audit.write('pairing.offered', { userId: user.id }, { by: 'operator' });
      return { username: user.username, ...offer, expiresAt: new Date(expiresAt) };
    },
    devices: async (username) =>
      (await open().devices.list(await userId(username))).map(showDevice),
    unpairDevice: async (username, deviceId) => {
      try {
        await open().devices.unpair(await userId(username), deviceId);
      } catch (error) {
        if (!(error instanceof DeviceRefusal)) throw error;
        throw new LaunchKeyEngineError(
          'ENGINE_UNKNOWN_DEVICE',
          `The user ${JSON.stringify(username)} has no device ${JSON.stringify(deviceId)}; devices(username) lists them.`,
        );
      }
    },
    pausedUntil: async (username) => {
      const until = await open().fraud.pausedUntil(await userId(username));
      return until === undefined ? undefined : new Date(until);
    },
    endPause: async (username) => await open().fraud.endPause(await userId(username)),

    requests: async (username) =>
      (await open().requests.pending(await userId(username))).map(showRequest),
    answer: async (authRequest, approve, options) =>
      await open().virtualDevice.answer(authRequest, approve, options),
    sessions: async (username) =>
      (await open().sessions.list(await userId(username))).map(showSession),
    deorbit: async (username, appKey) => {
      const { apps, sessions } = open();
      const id = await userId(username);
      if (appKey !== undefined) await apps.require(appKey);
      return (await sessions.deorbit(id, appKey)).map(showSession);
    },

    audit: async ({ username, limit = 100 } = {}) => {
      const { data } = open();
      const records = await data.audit.list({
        userId: username === undefined ? undefined : await userId(username),
        limit,
      });
      const names = new Map<string | undefined, string>();
      for (const id of new Set(records.map((record) => record.userId))) {
        const user = id === undefined ? undefined : await data.users.get(id);
        if (user) names.set(id, user.username);
      }
      return records.map((record) => showAudit(record, names.get(record.userId)));
    },
    receipt: async (authRequest) => {
      const receipt = await open().data.receipts.get(authRequest);
      return receipt && showReceipt(receipt);
    },
    rotatePingKey: async () => {
      const { pingKeys, audit } = open();
      const { fingerprint, madeAt } = await pingKeys.rotate();
      await audit.write('key.rotated', {}, { fingerprint });
      return { fingerprint, dateStamp: new Date(madeAt) };
    },
  };
}
