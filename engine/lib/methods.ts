import type { UserRecord } from './data/ports/users.js';
import type { Services } from './domain/services.js';
import { showDevice, showReceipt, showRequest, showSession } from './domain/snapshots.js';
import type { Engine } from './engine.js';
import { orThrow, unknownApp, unknownUser } from './program-error.js';

/** The receipts in the export of a user. */
const MAX_EXPORTED_RECEIPTS = 100_000;

/** The methods of an engine that act on its data. */
export type EngineMethods = Omit<Engine, 'url' | 'metricsUrl' | 'authenticatorUrl' | 'close'>;

/** @param open - returns the services, or throws if the engine was closed. */
export function engineMethods(open: () => Services): EngineMethods {
  const findUser = async (username: string): Promise<UserRecord> => {
    const user = await open().users.byName(username);
    if (!user) throw unknownUser(username);
    return user;
  };
  return {
    createApp: async (options) => {
      const { apps, audit } = open();
      const app = orThrow(await apps.create(options));
      await audit.write('app.created', { appKey: app.appKey }, { name: options.name });
      return app;
    },
    apps: async () => await open().apps.list(),
    disableApp: async (appKey) => {
      const { apps, audit, signals } = open();
      if (!(await apps.setDisabled(appKey, true))) throw unknownApp(appKey);
      await audit.write('app.disabled', { appKey });
      // Releases the polls that the application holds.
      signals.publish('any');
    },
    enableApp: async (appKey) => {
      const { apps, audit } = open();
      if (!(await apps.setDisabled(appKey, false))) throw unknownApp(appKey);
      await audit.write('app.enabled', { appKey });
    },
    rotateApp: async (appKey, options) => orThrow(await open().rotation.rotate(appKey, options)),
    deleteApp: async (appKey) => {
      if (!(await open().deletions.app(appKey))) throw unknownApp(appKey);
    },

    createUser: async (username, { device } = {}) => {
      const { users, audit } = open();
      const user = orThrow(await users.create(username, device));
      await audit.write('user.created', { userId: user.id });
      const createdAt = new Date(user.createdAt);
      const hasDevice = users.hasDevice(user, 0);
      return { username: user.username, hasDevice, devices: 0, createdAt };
    },
    users: async () => await open().users.list(),
    suspendUser: async (username) => {
      const { id } = await findUser(username);
      if (!(await open().suspensions.suspend(id))) throw unknownUser(username);
    },
    resumeUser: async (username) => {
      const { id } = await findUser(username);
      if (!(await open().suspensions.resume(id))) throw unknownUser(username);
    },
    deleteUser: async (username) => {
      if (!(await open().deletions.user(username))) throw unknownUser(username);
    },

    pair: async (code) => orThrow(await open().whiteLabel.pair(code)),
    pairDevice: async (username) => {
      const { pairings, audit } = open();
      const user = await findUser(username);
      const { expiresAt, ...offer } = await pairings.offer(user.id);
      await audit.write('pairing.offered', { userId: user.id }, { by: 'operator' });
      return { username: user.username, ...offer, expiresAt: new Date(expiresAt) };
    },
    devices: async (username) =>
      (await open().devices.list((await findUser(username)).id)).map(showDevice),
    unpairDevice: async (username, deviceId) => {
      const { id } = await findUser(username);
      orThrow(await open().devices.unpair(id, deviceId));
    },
    pausedUntil: async (username) => {
      const until = await open().fraud.pausedUntil((await findUser(username)).id);
      return until === undefined ? undefined : new Date(until);
    },
    endPause: async (username) => await open().fraud.endPause((await findUser(username)).id),

    requests: async (username) =>
      (await open().requests.pending((await findUser(username)).id)).map(showRequest),
    answer: async (authRequest, approve, options) =>
      orThrow(await open().virtualDevice.answer(authRequest, approve, options)),
    sessions: async (username) =>
      (await open().sessions.list((await findUser(username)).id)).map(showSession),
    deorbit: async (username, appKey) => {
      const { apps, sessions } = open();
      const { id } = await findUser(username);
      if (appKey !== undefined && !(await apps.get(appKey))) throw unknownApp(appKey);
      return (await sessions.deorbit(id, appKey)).map(showSession);
    },

    audit: async (filter = {}) => {
      const { auditTrail } = open();
      const { username, ...rest } = filter;
      const userIds = username === undefined ? undefined : await auditTrail.userIds(username);
      if (userIds?.length === 0) throw unknownUser(username ?? '');
      return orThrow(await auditTrail.list({ ...rest, userIds }));
    },
    exportUser: async (username) => {
      const user = await findUser(username);
      const { users, devices, requests, sessions, data } = open();
      const receipts = await data.receipts.list(user.id, MAX_EXPORTED_RECEIPTS);
      return {
        user: await users.show(user),
        devices: (await devices.list(user.id)).map(showDevice),
        requests: (await requests.pending(user.id)).map(showRequest),
        sessions: (await sessions.list(user.id)).map(showSession),
        receipts: receipts.map(showReceipt),
      };
    },
    doctor: async () => await open().doctor.examine(),
    status: async () => await open().status.read(),
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
