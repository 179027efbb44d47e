import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import type { Data } from '../../lib/data/data.js';
import type { RequestRecord } from '../../lib/data/ports/requests.js';
import { describeData } from '../support/data.js';
import { KEY } from '../support/records.js';

const APP = {
  appKey: '1234567890',
  name: 'Shop',
  secretHash: 'hash',
  publicKey: 'pem',
  callbackUrl: 'https://shop.example.com/',
  disabled: false,
  createdAt: 3,
  usedPingKeys: [{ fingerprint: 'aa:bb', at: 5 }],
};
const USER = { id: 'u', username: 'alice', createdAt: 1 };
const LIMITS = { now: 10, withdrawnSince: 0, maxWithdrawn: 5 };
const STEP = { now: 5, sessionLimit: 5, eventLimit: 5 };

const device = (id: string, createdAt: number) => ({
  ...{ id, userId: 'u', name: 'Phone', publicKey: KEY, tokenHash: `hash of ${id}` },
  ...{ createdAt, lastSeenAt: createdAt },
});

const request = (over: Partial<RequestRecord> = {}): RequestRecord => ({
  authRequest: randomUUID(),
  appKey: APP.appKey,
  appName: APP.name,
  userId: USER.id,
  username: USER.username,
  session: true,
  userPushId: false,
  policy: {
    minimumRequirements: { all: 0, knowledge: 1, inherence: 0, possession: 0 },
    locations: [{ radius: 1.5, latitude: -2.25, longitude: 3 }],
  },
  createdAt: 4,
  expiresAt: 300_000,
  ...over,
});

const answer = (approved: boolean) => ({ approved, auth: 'a', userHash: 'h', answeredAt: 5 });

describeData('the reads of calls', (make) => {
  async function filled(): Promise<Data> {
    const data = await make();
    onTestFinished(async () => await data.close());
    await data.apps.insert({ ...APP, usedPingKeys: undefined });
    await data.apps.setUsedPingKeys(APP.appKey, APP.usedPingKeys);
    await data.users.insert(USER, 1);
    for (const one of [device('y', 1), device('x', 2)]) await data.devices.insert(one, 5);
    return data;
  }

  it('find an application and a user', async () => {
    const data = await filled();
    const denied = request();
    await data.requests.insert(denied, { open: 10 });
    const audit = { id: randomUUID(), at: 1, kind: 'fraud', details: {} };
    const fraud = { pausesMs: [10], resetAfterMs: 10, audit };
    await data.requests.answer(denied.authRequest, answer(false), { ...STEP, fraud });
    const names = [{ username: 'none' }, { username: 'alice' }];
    const found = await data.calls.recipient(APP.appKey, names);
    expect(found.app).toEqual(APP);
    expect(await found.subject()).toEqual(await data.users.recipient(names));
    expect(await found.subject()).toMatchObject({ user: USER, fraud: { reports: 1 } });
    const neither = await data.calls.recipient('0', [{ username: 'none' }]);
    expect([neither.app, await neither.subject()]).toEqual([undefined, undefined]);
    const unnamed = await data.calls.recipient(APP.appKey, []);
    expect([unnamed.app, await unnamed.subject()]).toEqual([APP, undefined]);
  });

  it('find an application and a request, open, answered or past', async () => {
    const data = await filled();
    const [open, approved, ended] = [request(), request(), request()];
    for (const one of [open, approved, ended]) await data.requests.insert(one, { open: 10 });
    for (const one of [approved, ended]) {
      await data.requests.answer(one.authRequest, answer(true), STEP);
    }
    await data.sessions.end(ended.authRequest, 6);
    for (const { authRequest } of [open, approved, ended]) {
      const kept = await data.requests.get(authRequest);
      expect(kept).toBeDefined();
      const found = await data.calls.request(APP.appKey, authRequest);
      expect([found.app, await found.subject()]).toEqual([APP, kept]);
      const foreign = await data.calls.request('0', authRequest);
      expect([foreign.app, await foreign.subject()]).toEqual([undefined, kept]);
      expect(await data.calls.answerable(authRequest)).toEqual({ app: APP, request: kept });
    }
    const none = await data.calls.request(APP.appKey, 'none');
    expect([none.app, await none.subject()]).toEqual([APP, undefined]);
    expect(await data.calls.answerable('none')).toBeUndefined();
  });

  it('return a device as it is now with each new nonce, until it is deleted', async () => {
    const data = await filled();
    expect(await data.calls.device('none')).toBeUndefined();
    expect(await data.calls.device('x')).toMatchObject({ tokenHash: 'hash of x', publicKey: KEY });
    const admit = (nonce: string, now = 0) =>
      data.calls.admit('x', { nonce, expiresAt: 100, now, limit: 3 });
    expect(await admit('a')).toEqual(device('x', 2));
    await data.devices.update('x', { name: 'Tablet', knowledgeKey: KEY });
    expect(await admit('b')).toEqual({ ...device('x', 2), name: 'Tablet', knowledgeKey: KEY });
    expect(await admit('a')).toBe('seen');
    expect(await admit('c')).toMatchObject({ id: 'x' });
    expect(await admit('d')).toBe('full');
    expect(await admit('a', 100)).toMatchObject({ id: 'x' });
    const late = { nonce: 'e', expiresAt: 300, now: 200, limit: 3 };
    const twice = await Promise.all([data.calls.admit('x', late), data.calls.admit('x', late)]);
    expect(twice.filter((one) => one === 'seen')).toHaveLength(1);
    await data.devices.delete('u', 'x');
    expect(await admit('f', 100)).toBe('gone');
    expect(await data.calls.device('x')).toBeUndefined();
    await data.users.delete('u');
    expect(await data.calls.admit('y', { nonce: 'g', expiresAt: 1, now: 0, limit: 1 })).toBe(
      'gone',
    );
  });

  it('show the overview of a user with the applications of the open requests', async () => {
    const data = await filled();
    const other = { ...APP, appKey: '2', usedPingKeys: undefined };
    const unused = { ...other, appKey: '3' };
    for (const app of [other, unused]) await data.apps.insert(app);
    const first = request();
    const second = request({ appKey: '2', createdAt: 5 });
    const approved = request({ appKey: '3' });
    const withdrawn = request({ appKey: '3' });
    for (const one of [first, second, approved, withdrawn]) {
      await data.requests.insert(one, { open: 10 });
    }
    await data.requests.answer(approved.authRequest, answer(true), STEP);
    const audit = { id: randomUUID(), at: 1, kind: 'request.withdrawn', details: {} };
    await data.requests.withdraw(withdrawn.authRequest, audit, 6);
    const shown = await data.calls.overview('u', LIMITS);
    expect(shown?.overview).toEqual(await data.users.overview('u', LIMITS));
    expect(shown?.overview.requests).toEqual([first, second]);
    expect(shown?.overview.sessions).toHaveLength(1);
    expect(shown?.overview.withdrawn).toHaveLength(1);
    expect(shown?.apps).toHaveLength(2);
    expect(shown?.apps).toEqual(expect.arrayContaining([APP, other]));
    await data.users.insert({ ...USER, id: 'v', username: 'bob' }, 1);
    expect(await data.calls.overview('v', LIMITS)).toMatchObject({
      overview: { devices: [], requests: [], sessions: [], withdrawn: [] },
      apps: [],
    });
    expect(await data.calls.overview('none', LIMITS)).toBeUndefined();
  });
});
