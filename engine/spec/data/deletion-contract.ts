import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import type { AppRecord, RequestRecord } from '../../lib/data/records.js';
import type { FraudReport, Repository } from '../../lib/data/repository.js';
import { KEY, receiptOf } from '../support/records.js';

const MINUTE = 60_000;

const APP = '1111111111';
const OTHER = '2222222222';

/** What every repository has to keep to, of credentials that are replaced and of what is deleted. */
export function deletionContract(make: () => Promise<Repository>): void {
  function app(appKey: string): AppRecord {
    return {
      appKey,
      name: 'Shop',
      secretHash: 'hash',
      publicKey: 'pem',
      disabled: false,
      createdAt: 0,
    };
  }

  /** Two applications and two users, and for each pair of them everything that there can be. */
  async function filled() {
    const repository = await make();
    onTestFinished(async () => await repository.close());
    for (const appKey of [APP, OTHER]) await repository.insertApp(app(appKey));
    for (const id of ['alice', 'bob']) {
      await repository.insertUser({ id, username: id, createdAt: 0 }, 10);
      await equip(repository, id);
      for (const appKey of [APP, OTHER]) await use(repository, appKey, id);
    }
    return repository;
  }

  async function equip(repository: Repository, userId: string): Promise<void> {
    const hashes = { codeHash: `code ${userId}`, linkHash: `link ${userId}` };
    const pairing = { userId, ...hashes, imageHash: `image ${userId}`, expiresAt: MINUTE };
    await repository.putPairing(pairing);
    const device = { id: `device ${userId}`, userId, name: 'Phone', publicKey: KEY };
    const times = { createdAt: 0, lastSeenAt: 0 };
    await repository.insertDevice({ ...device, tokenHash: userId, ...times }, 5);
    await repository.takeNonce(device.id, 'nonce', MINUTE, 0, 5);
    await repository.insertAudit({ id: randomUUID(), at: 0, kind: 'test', userId, details: {} });
  }

  /** An open request, and one whose answer has opened a session and queued an event. */
  async function use(repository: Repository, appKey: string, userId: string): Promise<void> {
    await repository.identity('hash', userId, appKey, `hash ${userId} ${appKey}`);
    await repository.identity('organization', userId, 'Acme', `organization ${userId}`);
    const open = request(appKey, userId, 'open');
    const opened = request(appKey, userId, 'opened');
    for (const one of [open, opened]) await repository.insertRequest(one, 10);
    const { authRequest } = opened;
    const answer = { approved: true, auth: 'auth', userHash: 'hash', answeredAt: 1 };
    await repository.answerRequest(authRequest, answer, {
      now: 1,
      sessionLimit: 5,
      eventLimit: 5,
      fraud: report(userId),
      receipt: receiptOf(opened),
      event: {
        id: `event ${appKey} ${userId}`,
        kind: 'answer',
        appKey,
        userId,
        callbackUrl: 'https://shop.example.com/',
        parameters: {},
        eventTime: 1,
        createdAt: 1,
        attempts: 0,
        nextAttemptAt: 1,
        giveUpAt: 5 * MINUTE,
      },
    });
  }

  function report(userId: string): FraudReport {
    const note = () => ({ id: randomUUID(), at: 0, kind: 'fraud', userId, details: {} });
    return { pauses: [MINUTE], memory: MINUTE, note };
  }

  function request(appKey: string, userId: string, name: string): RequestRecord {
    return {
      authRequest: `${name} ${appKey} ${userId}`,
      appKey,
      appName: 'Shop',
      userId,
      username: userId,
      session: true,
      userPushId: false,
      createdAt: 0,
      expiresAt: 5 * MINUTE,
    };
  }

  /** What is left of the two, as the names of what there is. */
  async function left(repository: Repository): Promise<string[]> {
    const found: string[] = [];
    for (const userId of ['alice', 'bob']) {
      if (await repository.user(userId)) found.push(userId);
      if ((await repository.devices(userId)).length > 0) found.push(`device ${userId}`);
      if (await repository.fraud(userId)) found.push(`fraud ${userId}`);
      if (await repository.userByIdentity('organization', 'Acme', `organization ${userId}`)) {
        found.push(`organization ${userId}`);
      }
      if (await repository.pairingByImage(`image ${userId}`, 0)) found.push(`pairing ${userId}`);
      for (const appKey of [APP, OTHER]) found.push(...(await leftOf(repository, appKey, userId)));
    }
    return found;
  }

  async function leftOf(repository: Repository, appKey: string, userId: string) {
    const [open, opened] = [`open ${appKey} ${userId}`, `opened ${appKey} ${userId}`];
    const hash = `hash ${userId} ${appKey}`;
    const found: string[] = [];
    for (const one of [open, opened]) if (await repository.request(one)) found.push(one);
    if (await repository.session(opened)) found.push(`session ${appKey} ${userId}`);
    if (await repository.receipt(opened)) found.push(`receipt ${appKey} ${userId}`);
    if (await repository.userByIdentity('hash', appKey, hash)) found.push(hash);
    return found;
  }

  const without = (all: string[], word: string) =>
    all.filter((name) => !name.split(' ').includes(word));

  it('deletes a user with all that is of it, and nothing of another', async () => {
    const repository = await filled();
    const before = await left(repository);
    // Five of each user's own, five of each user with each application: nothing is looked for in vain.
    expect(before).toHaveLength(30);
    const open = await repository.deleteUser('alice');
    expect(open?.sort()).toEqual([`open ${APP} alice`, `open ${OTHER} alice`]);
    expect(await left(repository)).toEqual(without(before, 'alice'));
    expect(await repository.userByName('alice')).toBeUndefined();
    expect(await repository.deliveryCount()).toBe(2);
    expect(await repository.pendingCount(1)).toBe(2);
    expect(await repository.device('device alice')).toBeUndefined();
    expect(await repository.takePairing('codeHash', 'code alice', 0)).toBeUndefined();
    const kept = await repository.audit({ userId: 'alice', limit: 5 });
    expect(kept.map(({ kind }) => kind).sort()).toEqual(['fraud', 'fraud', 'test']);
    expect(await repository.deleteUser('alice')).toBeUndefined();
    const again = { id: 'new', username: 'alice', createdAt: 0 };
    expect(await repository.insertUser(again, 10)).toBe('inserted');
    expect(await repository.sessions('new')).toEqual([]);
  });

  it('deletes an application with all that is of it, and nothing of another', async () => {
    const repository = await filled();
    const before = await left(repository);
    const white = { id: 'white', username: `white@${APP}`, whiteLabelOf: APP, createdAt: 0 };
    await repository.insertUser(white, 10);
    await equip(repository, 'white');
    expect(await repository.deleteApp(APP)).toBe(true);
    expect(await left(repository)).toEqual(without(before, APP));
    expect((await repository.apps()).map(({ appKey }) => appKey)).toEqual([OTHER]);
    expect(await repository.user('white')).toBeUndefined();
    expect(await repository.device('device white')).toBeUndefined();
    expect(await repository.deliveryCount()).toBe(2);
    expect(await repository.pendingCount(1)).toBe(2);
    expect(await repository.deleteApp(APP)).toBe(false);
  });

  it('takes nothing in for what is gone', async () => {
    const repository = await filled();
    await repository.deleteApp(APP);
    await repository.deleteUser('alice');
    const late = (appKey: string, userId: string) =>
      repository.insertRequest(request(appKey, userId, 'late'), 10);
    expect(await late(OTHER, 'alice')).toBe('gone');
    expect(await late(APP, 'bob')).toBe('gone');
    expect(await late(OTHER, 'bob')).toBe('inserted');
    const device = { id: 'late', userId: 'alice', name: 'Phone', publicKey: KEY, tokenHash: 'h' };
    const times = { createdAt: 0, lastSeenAt: 0 };
    expect(await repository.insertDevice({ ...device, ...times }, 5)).toBe('gone');
    expect(await repository.device('late')).toBeUndefined();
    expect(await repository.takeNonce('late', 'nonce', MINUTE, 0, 5)).toBe('gone');
    expect(await repository.identity('push', 'alice', APP, 'late name')).toBe('late name');
    expect(await repository.userByIdentity('push', APP, 'late name')).toBeUndefined();
  });

  it('forgets an event that is just being sent', async () => {
    const repository = await filled();
    const claimed = await repository.claimDeliveries(1, 10, 10, MINUTE);
    expect(claimed).toHaveLength(4);
    await repository.deleteApp(APP);
    const change = { attempts: 1, nextAttemptAt: 2, eventTime: 1 };
    for (const { id } of claimed) await repository.rescheduleDelivery(id, change);
    const again = await repository.claimDeliveries(2, 10, 10, MINUTE);
    expect(again.map(({ appKey }) => appKey)).toEqual([OTHER, OTHER]);
  });

  it('ends what goes on at the same time in one way or the other, and waits for nothing', async () => {
    const repository = await filled();
    const answer = { approved: false, auth: 'auth', userHash: 'hash', answeredAt: 1 };
    const step = { now: 1, sessionLimit: 5, eventLimit: 50 };
    const names = Array.from({ length: 10 }, (_, i) => `more ${i}`);
    for (const name of names) await repository.insertRequest(request(APP, 'bob', name), 100);
    const results = await Promise.all([
      ...names.map((name) => repository.answerRequest(`${name} ${APP} bob`, answer, step)),
      repository.deleteApp(APP),
      ...names.map((name) => repository.insertRequest(request(APP, 'bob', `late ${name}`), 100)),
    ]);
    expect(results[names.length]).toBe(true);
    expect(await repository.pendingRequests('bob', 1)).toMatchObject([{ appKey: OTHER }]);
  });

  it('replaces one of the credentials or both, and keeps those before for as long as it is to', async () => {
    const repository = await make();
    onTestFinished(async () => await repository.close());
    await repository.insertApp(app(APP));
    const replace = (next: object, until?: number) =>
      repository.replaceCredentials(APP, next, until);
    expect(await replace({ secretHash: 'second' }, 5)).toBe(true);
    expect(await repository.app(APP)).toEqual({
      ...app(APP),
      secretHash: 'second',
      previous: { secretHash: 'hash', publicKey: 'pem', until: 5 },
    });
    await replace({ publicKey: 'other pem' }, 9);
    expect(await repository.app(APP)).toMatchObject({
      secretHash: 'second',
      publicKey: 'other pem',
      previous: { secretHash: 'second', publicKey: 'pem', until: 9 },
    });
    await replace({ secretHash: 'third', publicKey: 'third pem' });
    const last = { ...app(APP), secretHash: 'third', publicKey: 'third pem' };
    expect(await repository.app(APP)).toEqual(last);
    expect(await repository.apps()).toEqual([last]);
    expect(await repository.replaceCredentials(OTHER, { secretHash: 'x' }, 5)).toBe(false);
  });
}
