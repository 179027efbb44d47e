import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import type { Data } from '../../lib/data/data.js';
import type { AppRecord } from '../../lib/data/ports/apps.js';
import type { FraudReport } from '../../lib/data/ports/fraud.js';
import type { RequestRecord } from '../../lib/data/ports/requests.js';
import { KEY, receiptOf, userByIdentity } from '../support/records.js';

const MINUTE = 60_000;

const APP = '1111111111';
const OTHER = '2222222222';

/** The contract of deletions and of the rotation of credentials. */
export function deletionContract(make: () => Promise<Data>): void {
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

  /** Two applications and two users, with every kind of record for each pair of them. */
  async function filled() {
    const data = await make();
    onTestFinished(async () => await data.close());
    for (const appKey of [APP, OTHER]) await data.apps.insert(app(appKey));
    for (const id of ['alice', 'bob']) {
      await data.users.insert({ id, username: id, createdAt: 0 }, 10);
      await equip(data, id);
      for (const appKey of [APP, OTHER]) await use(data, appKey, id);
    }
    return data;
  }

  async function equip(data: Data, userId: string): Promise<void> {
    const hashes = { codeHash: `code ${userId}`, linkHash: `link ${userId}` };
    const pairing = { userId, ...hashes, imageHash: `image ${userId}`, expiresAt: MINUTE };
    await data.pairings.put(pairing);
    const device = { id: `device ${userId}`, userId, name: 'Phone', publicKey: KEY };
    const times = { createdAt: 0, lastSeenAt: 0 };
    await data.devices.insert({ ...device, tokenHash: userId, ...times }, 5);
    await data.nonces.take(device.id, 'nonce', MINUTE, 0, 5);
    await data.audit.insert({ id: randomUUID(), at: 0, kind: 'test', userId, details: {} });
  }

  /** An open request, and one whose answer has opened a session and queued an event. */
  async function use(data: Data, appKey: string, userId: string): Promise<void> {
    await data.identities.ensure('hash', userId, appKey, `hash ${userId} ${appKey}`);
    await data.identities.ensure('organization', userId, 'Acme', `organization ${userId}`);
    const open = request(appKey, userId, 'open');
    const opened = request(appKey, userId, 'opened');
    for (const one of [open, opened]) await data.requests.insert(one, { open: 10 });
    const { authRequest } = opened;
    const answer = { approved: true, auth: 'auth', userHash: 'hash', answeredAt: 1 };
    await data.requests.answer(authRequest, answer, {
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
    const audit = { id: randomUUID(), at: 0, kind: 'fraud', userId, details: {} };
    return { pausesMs: [MINUTE], resetAfterMs: MINUTE, audit };
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

  /** The names of the records that exist. */
  async function existing(data: Data): Promise<string[]> {
    const found: string[] = [];
    for (const userId of ['alice', 'bob']) {
      if (await data.users.get(userId)) found.push(userId);
      if ((await data.devices.list(userId)).length > 0) found.push(`device ${userId}`);
      if (await data.fraud.get(userId)) found.push(`fraud ${userId}`);
      if (await userByIdentity(data, 'organization', 'Acme', `organization ${userId}`)) {
        found.push(`organization ${userId}`);
      }
      if (await data.pairings.byImage(`image ${userId}`, 0)) found.push(`pairing ${userId}`);
      for (const appKey of [APP, OTHER]) found.push(...(await existingOf(data, appKey, userId)));
    }
    return found;
  }

  async function existingOf(data: Data, appKey: string, userId: string) {
    const [open, opened] = [`open ${appKey} ${userId}`, `opened ${appKey} ${userId}`];
    const hash = `hash ${userId} ${appKey}`;
    const found: string[] = [];
    for (const one of [open, opened]) if (await data.requests.get(one)) found.push(one);
    if (await data.sessions.get(opened)) found.push(`session ${appKey} ${userId}`);
    if (await data.receipts.get(opened)) found.push(`receipt ${appKey} ${userId}`);
    if (await userByIdentity(data, 'hash', appKey, hash)) found.push(hash);
    return found;
  }

  const without = (all: string[], word: string) =>
    all.filter((name) => !name.split(' ').includes(word));

  it('deletes a user with all their records and no record of another user', async () => {
    const data = await filled();
    const before = await existing(data);
    // Five records of each user, and five of each user with each application: all kinds are found.
    expect(before).toHaveLength(30);
    const open = await data.users.delete('alice');
    expect(open?.sort()).toEqual([`open ${APP} alice`, `open ${OTHER} alice`]);
    expect(await existing(data)).toEqual(without(before, 'alice'));
    expect(await data.users.byName('alice')).toBeUndefined();
    expect(await data.deliveries.count()).toBe(2);
    expect(await data.requests.countOpen(1)).toBe(2);
    expect(await data.devices.get('device alice')).toBeUndefined();
    expect(await data.pairings.take('codeHash', 'code alice', 0)).toBeUndefined();
    const kept = await data.audit.list({ userIds: ['alice'], limit: 5 });
    expect(kept.map(({ kind }) => kind).sort()).toEqual(['fraud', 'fraud', 'test']);
    expect(await data.users.delete('alice')).toBeUndefined();
    const again = { id: 'new', username: 'alice', createdAt: 0 };
    expect(await data.users.insert(again, 10)).toBe('inserted');
    expect(await data.sessions.list('new')).toEqual([]);
  });

  it('keeps the logout events of a deleted user until they are delivered', async () => {
    const data = await filled();
    const audit = { id: randomUUID(), at: 0, kind: 'test', userId: 'alice', details: {} };
    await data.sessions.clear('alice', APP, audit, {
      id: 'logout',
      kind: 'logout',
      appKey: APP,
      userId: 'alice',
      callbackUrl: 'https://shop.example.com/',
      parameters: {},
      eventTime: 1,
      createdAt: 1,
      attempts: 0,
      nextAttemptAt: 1,
      giveUpAt: 5 * MINUTE,
    });
    await data.users.delete('alice');
    const due = await data.deliveries.claim(1, 10, 10, MINUTE);
    expect(due.filter(({ userId }) => userId === 'alice')).toMatchObject([{ id: 'logout' }]);
  });

  it('inserts no request of a suspended user', async () => {
    const data = await filled();
    expect(await data.users.setSuspended('alice', true, 2)).toBe(true);
    expect(await data.users.setSuspended('alice', true, 3)).toBe(true);
    expect((await data.users.get('alice'))?.suspendedAt).toBe(2);
    const insert = (userId: string, name: string) =>
      data.requests.insert(request(APP, userId, name), { open: 10 });
    expect(await insert('alice', 'late')).toBe('gone');
    expect(await insert('bob', 'late')).toBe('inserted');
    expect(await data.users.setSuspended('alice', false, 4)).toBe(true);
    expect(await insert('alice', 'later')).toBe('inserted');
    expect(await data.users.setSuspended('unknown', true, 4)).toBe(false);
  });

  it('deletes an application with all its records and no record of another one', async () => {
    const data = await filled();
    const before = await existing(data);
    const white = { id: 'white', username: `white@${APP}`, whiteLabelOf: APP, createdAt: 0 };
    await data.users.insert(white, 10);
    await equip(data, 'white');
    expect(await data.apps.delete(APP)).toBe(true);
    expect(await existing(data)).toEqual(without(before, APP));
    expect((await data.apps.list()).map(({ appKey }) => appKey)).toEqual([OTHER]);
    expect(await data.users.get('white')).toBeUndefined();
    expect(await data.devices.get('device white')).toBeUndefined();
    expect(await data.deliveries.count()).toBe(2);
    expect(await data.requests.countOpen(1)).toBe(2);
    expect(await data.apps.delete(APP)).toBe(false);
  });

  it('keeps no new record for deleted users and applications', async () => {
    const data = await filled();
    await data.apps.delete(APP);
    await data.users.delete('alice');
    const late = (appKey: string, userId: string) =>
      data.requests.insert(request(appKey, userId, 'late'), { open: 10 });
    expect(await late(OTHER, 'alice')).toBe('gone');
    expect(await late(APP, 'bob')).toBe('gone');
    expect(await late(OTHER, 'bob')).toBe('inserted');
    const device = { id: 'late', userId: 'alice', name: 'Phone', publicKey: KEY, tokenHash: 'h' };
    const times = { createdAt: 0, lastSeenAt: 0 };
    expect(await data.devices.insert({ ...device, ...times }, 5)).toBe('gone');
    expect(await data.devices.get('late')).toBeUndefined();
    expect(await data.nonces.take('late', 'nonce', MINUTE, 0, 5)).toBe('gone');
    expect(await data.identities.ensure('push', 'alice', APP, 'late name')).toBe('late name');
    expect(await userByIdentity(data, 'push', APP, 'late name')).toBeUndefined();
  });

  it('deletes an event that is claimed', async () => {
    const data = await filled();
    const claimed = await data.deliveries.claim(1, 10, 10, MINUTE);
    expect(claimed).toHaveLength(4);
    await data.apps.delete(APP);
    const change = { attempts: 1, nextAttemptAt: 2, eventTime: 1 };
    for (const { id } of claimed) await data.deliveries.reschedule(id, change);
    const again = await data.deliveries.claim(2, 10, 10, MINUTE);
    expect(again.map(({ appKey }) => appKey)).toEqual([OTHER, OTHER]);
  });

  it('deletes an application without a deadlock while requests are answered and inserted', async () => {
    const data = await filled();
    const answer = { approved: false, auth: 'auth', userHash: 'hash', answeredAt: 1 };
    const step = { now: 1, sessionLimit: 5, eventLimit: 50 };
    const names = Array.from({ length: 10 }, (_, i) => `more ${i}`);
    for (const name of names) await data.requests.insert(request(APP, 'bob', name), { open: 100 });
    const results = await Promise.all([
      ...names.map((name) => data.requests.answer(`${name} ${APP} bob`, answer, step)),
      data.apps.delete(APP),
      ...names.map((name) =>
        data.requests.insert(request(APP, 'bob', `late ${name}`), { open: 100 }),
      ),
    ]);
    expect(results[names.length]).toBe(true);
    expect(await data.requests.listOpen('bob', 1)).toMatchObject([{ appKey: OTHER }]);
  });

  it('replaces one or both credentials, and keeps the previous ones until the given time', async () => {
    const data = await make();
    onTestFinished(async () => await data.close());
    await data.apps.insert(app(APP));
    const replace = (next: object, until?: number) =>
      data.apps.replaceCredentials(APP, next, until);
    expect(await replace({ secretHash: 'second' }, 5)).toBe(true);
    expect(await data.apps.get(APP)).toEqual({
      ...app(APP),
      secretHash: 'second',
      previous: { secretHash: 'hash', publicKey: 'pem', until: 5 },
    });
    await replace({ publicKey: 'other pem' }, 9);
    expect(await data.apps.get(APP)).toMatchObject({
      secretHash: 'second',
      publicKey: 'other pem',
      previous: { secretHash: 'second', publicKey: 'pem', until: 9 },
    });
    await replace({ secretHash: 'third', publicKey: 'third pem' });
    const last = { ...app(APP), secretHash: 'third', publicKey: 'third pem' };
    expect(await data.apps.get(APP)).toEqual(last);
    expect(await data.apps.list()).toEqual([last]);
    expect(await data.apps.replaceCredentials(OTHER, { secretHash: 'x' }, 5)).toBe(false);
  });
}
