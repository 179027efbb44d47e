import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import type { Data } from '../../lib/data/data.js';
import type { DeliveryRecord } from '../../lib/data/ports/deliveries.js';
import type { RequestRecord } from '../../lib/data/ports/requests.js';
import { KEY, userByIdentity } from '../support/records.js';

const MINUTE = 60_000;
const STEP = { now: 1, sessionLimit: 2, eventLimit: 2 };

/** The contract of applications, users, auth requests, sessions, events, rates and ping keys. */
export function coreContract(make: () => Promise<Data>): void {
  async function dataWithApp() {
    const data = await make();
    onTestFinished(async () => await data.close());
    const app = {
      appKey: '1234567890',
      name: 'Shop',
      secretHash: 'hash',
      publicKey: 'pem',
      callbackUrl: 'https://shop.example.com/',
      disabled: false,
      createdAt: 0,
    };
    const user = { id: 'u', username: 'alice', deviceId: 'd', createdAt: 0 };
    expect(await data.apps.insert(app)).toBe(true);
    expect(await data.users.insert(user, 10)).toBe('inserted');
    const request = (over: Partial<RequestRecord> = {}): RequestRecord => ({
      authRequest: randomUUID(),
      appKey: app.appKey,
      appName: app.name,
      userId: user.id,
      username: user.username,
      session: true,
      userPushId: false,
      createdAt: 0,
      expiresAt: 5 * MINUTE,
      ...over,
    });
    const event = (over: Partial<DeliveryRecord> = {}): DeliveryRecord => ({
      id: randomUUID(),
      kind: 'answer',
      appKey: app.appKey,
      userId: user.id,
      callbackUrl: app.callbackUrl,
      parameters: { auth: 'a' },
      eventTime: 1,
      createdAt: 1,
      attempts: 0,
      nextAttemptAt: 1,
      giveUpAt: 5 * MINUTE,
      ...over,
    });
    const answer = (approved: boolean, answeredAt = 1) => ({
      approved,
      auth: 'auth',
      userHash: 'user hash',
      answeredAt,
    });
    const opened = async (answeredAt: number): Promise<RequestRecord> => {
      const one = request();
      await data.requests.insert(one, { open: 100 });
      await data.requests.answer(one.authRequest, answer(true, answeredAt), {
        ...STEP,
        now: answeredAt,
      });
      return one;
    };
    return { data, app, user, request, event, answer, opened };
  }

  it('keeps applications and users, and refuses a name that exists', async () => {
    const { data, app, user } = await dataWithApp();
    expect(await data.apps.insert({ ...app, name: 'Other' })).toBe(false);
    expect(await data.users.insert({ ...user, id: 'v' }, 10)).toBe('taken');
    const capitals = { ...user, id: 'v', username: 'ALICE' };
    expect(await data.users.insert(capitals, 10)).toBe('taken');
    expect(await data.apps.get(app.appKey)).toEqual(app);
    expect(await data.users.byName('alice')).toEqual(user);
    expect(await data.apps.setDisabled(app.appKey, true)).toBe(true);
    expect(await data.apps.setDisabled('0', true)).toBe(false);
    const strict = { ...app, appKey: '2', createdAt: 1, strictStamps: true };
    expect(await data.apps.insert(strict)).toBe(true);
    const usedPingKeys = [{ fingerprint: 'aa:bb', at: 5 }];
    await data.apps.setUsedPingKeys(app.appKey, usedPingKeys);
    await data.apps.setUsedPingKeys('0', usedPingKeys);
    expect(await data.apps.list()).toEqual([{ ...app, disabled: true, usedPingKeys }, strict]);
    const white = { ...user, id: 'w', username: 'bob@1', whiteLabelOf: app.appKey };
    expect(await data.users.insert(white, 1)).toBe('inserted');
    expect(await data.users.insert({ ...white, id: 'x', username: 'y@1' }, 1)).toBe('full');
  });

  it('keeps one identity of a user in each sector when several are offered at once', async () => {
    const { data, user } = await dataWithApp();
    const names = await Promise.all(
      ['a', 'b', 'c'].map((one) => data.identities.ensure('hash', user.id, 'sector', one)),
    );
    expect(new Set(names).size).toBe(1);
    const [name = ''] = names;
    expect(await userByIdentity(data, 'hash', 'sector', name)).toEqual(user);
    expect(await userByIdentity(data, 'hash', 'another', name)).toBeUndefined();
    expect(await userByIdentity(data, 'push', 'sector', name)).toBeUndefined();
  });

  it('keeps a request with all its members, up to the limit of open ones', async () => {
    const { data, request } = await dataWithApp();
    const full = request({
      context: 'from here',
      policy: {
        minimumRequirements: { all: 0, knowledge: 1, inherence: 0, possession: 0 },
        locations: [{ radius: 1.5, latitude: -2.25, longitude: 3 }],
      },
      browser: { address: '2001:db8::1', userAgent: 'Firefox', known: true, id: 'p' },
      number: '42',
      numbers: ['42', '07'],
    });
    expect(await data.requests.insert(full, { open: 2 })).toBe('inserted');
    expect(await data.requests.insert(full, { open: 2 })).toBe('taken');
    expect(await data.requests.get(full.authRequest)).toEqual(full);
    const second = request({ createdAt: 1 });
    expect(await data.requests.insert(second, { open: 2 })).toBe('inserted');
    expect(await data.requests.insert(request({ createdAt: 2 }), { open: 2 })).toBe('full');
    expect(await data.requests.listOpen('u', 2)).toEqual([full, second]);
    expect(await data.requests.countOpen(2)).toBe(2);
    expect(await data.requests.listOpen('u', 5 * MINUTE)).toEqual([]);
    const later = request({ createdAt: 5 * MINUTE, expiresAt: 10 * MINUTE });
    expect(await data.requests.insert(later, { open: 2 })).toBe('inserted');
  });

  it('finds the first user of several names, with devices and reports of fraud', async () => {
    const { data, user, request, answer } = await dataWithApp();
    const bob = { id: 'v', username: 'bob', createdAt: 1 };
    await data.users.insert(bob, 1);
    await data.identities.ensure('push', 'v', 'sector', 'identity of bob');
    const device = (id: string, createdAt: number) => ({
      ...{ id, userId: 'v', name: 'Phone', publicKey: KEY, tokenHash: id },
      ...{ createdAt, lastSeenAt: 0 },
    });
    for (const one of [device('y', 1), device('x', 2)]) await data.devices.insert(one, 5);
    const identity = { kind: 'push', sector: 'sector', value: 'identity of bob' } as const;
    const names = [{ username: 'none' }, identity, { username: 'alice' }];
    expect(await data.users.recipient(names)).toEqual({
      user: bob,
      devices: [device('y', 1), device('x', 2)],
    });
    expect(await data.users.recipient([{ username: 'alice' }, identity])).toEqual({
      user,
      devices: [],
    });
    expect(await data.users.recipient([{ username: 'none' }])).toBeUndefined();
    const denied = request();
    await data.requests.insert(denied, { open: 10 });
    const audit = { id: randomUUID(), at: 1, kind: 'fraud', details: {} };
    const fraud = { pausesMs: [10], resetAfterMs: 10, audit };
    await data.requests.answer(denied.authRequest, answer(false), { ...STEP, fraud });
    expect(await data.users.recipient([{ username: 'alice' }])).toEqual({
      user,
      devices: [],
      fraud: { reports: 1, lastAt: 1, pausedUntil: 11, pausedKeys: [] },
    });
  });

  it('shows the open requests, sessions and withdrawn requests of a user', async () => {
    const { data, user, request, opened } = await dataWithApp();
    const [first, second] = [await opened(1), await opened(2)];
    const [open, later] = [request({ createdAt: 3 }), request({ createdAt: 4 })];
    const expired = request({ createdAt: 0, expiresAt: 5 });
    for (const one of [open, later, expired]) await data.requests.insert(one, { open: 10 });
    const withdrawn = [request(), request(), request()];
    for (const [at, one] of withdrawn.entries()) {
      await data.requests.insert(one, { open: 10 });
      const audit = { id: randomUUID(), at, kind: 'request.withdrawn', details: {} };
      await data.requests.withdraw(one.authRequest, audit, 2 + at);
    }
    const limits = { now: 5, withdrawnSince: 2, maxWithdrawn: 1 };
    const overview = await data.users.overview('u', limits);
    expect(overview?.withdrawn).toEqual(await data.requests.listWithdrawn('u', 2, 1));
    expect(overview?.withdrawn).toMatchObject([{ authRequest: withdrawn[2]?.authRequest }]);
    expect(overview).toMatchObject({ user, devices: [], requests: [open, later] });
    expect(overview?.sessions).toEqual(await data.sessions.list('u'));
    expect(overview?.sessions.map(({ authRequest }) => authRequest)).toEqual([
      first.authRequest,
      second.authRequest,
    ]);
    expect(await data.users.overview('none', limits)).toBeUndefined();
  });

  it('counts a request for its rate, and inserts none that exceeds it', async () => {
    const { data, request } = await dataWithApp();
    const limits = { open: 10, rate: { key: 'k', windows: [{ requests: 2, seconds: 5 }] } };
    const insert = () => data.requests.insert(request({ createdAt: 1000 }), limits);
    const results = await Promise.all([insert(), insert(), insert(), insert()]);
    expect(results.filter((result) => result === 'inserted')).toHaveLength(2);
    expect(results.filter((result) => typeof result === 'object')).toEqual([
      { waitMs: 5000 },
      { waitMs: 5000 },
    ]);
    expect(await data.requests.countOpen(1001)).toBe(2);
    const later = request({ createdAt: 6000, expiresAt: 7000 });
    expect(await data.requests.insert(later, limits)).toBe('inserted');
  });

  it('forgets the browser of a request after 30 days, and when its session has ended', async () => {
    const { data, request, answer } = await dataWithApp();
    const DAY = 24 * 60 * MINUTE;
    const browser = { address: '203.0.113.7', known: false };
    const [first, second] = [request({ browser }), request({ browser, createdAt: DAY })];
    for (const one of [first, second]) {
      await data.requests.insert(one, { open: 10 });
      await data.requests.answer(one.authRequest, answer(true), STEP);
    }
    await data.sweep(30 * DAY - 1);
    expect(await data.requests.get(first.authRequest)).toMatchObject({ browser });
    await data.sweep(30 * DAY + 60_000);
    const kept = await data.requests.get(first.authRequest);
    expect(kept).toMatchObject({ answer: { approved: true } });
    expect(JSON.stringify(kept)).not.toContain('203.0.113.7');
    expect(await data.requests.get(second.authRequest)).toMatchObject({ browser });
    await data.sessions.end(second.authRequest, 30 * DAY);
    expect(await data.requests.get(second.authRequest)).not.toHaveProperty('browser');
  });

  it('writes down once that a request expired, and nothing of answered or withdrawn ones', async () => {
    const { data, request, answer } = await dataWithApp();
    const [open, answered, withdrawn, later] = [
      request(),
      request({ session: false }),
      request(),
      request({ expiresAt: 10 * MINUTE }),
    ];
    for (const one of [open, answered, withdrawn, later]) {
      await data.requests.insert(one, { open: 10 });
    }
    await data.requests.answer(answered.authRequest, answer(true), STEP);
    const audit = { id: randomUUID(), at: 1, kind: 'request.withdrawn', details: {} };
    await data.requests.withdraw(withdrawn.authRequest, audit, 1);
    await Promise.all([data.sweep(open.expiresAt), data.sweep(open.expiresAt)]);
    const { userId, appKey, expiresAt } = open;
    const written = { at: expiresAt, kind: 'request.expired', userId, appKey };
    expect(await data.audit.list({ limit: 10 })).toMatchObject([
      written,
      { kind: 'request.withdrawn' },
    ]);
    expect(await data.requests.expireOpen(userId, open.expiresAt + 1)).toEqual([later.authRequest]);
    await data.sweep(open.expiresAt + MINUTE);
    const entries = (await data.audit.list({ limit: 10 })).map(({ at, kind }) => [at, kind]);
    expect(entries).toEqual([
      [expiresAt + 1, 'request.expired'],
      [expiresAt, 'request.expired'],
      [1, 'request.withdrawn'],
    ]);
  });

  it('inserts no more requests than the limit when many are inserted at once', async () => {
    const { data, request } = await dataWithApp();
    await data.requests.insert(request(), { open: 4 });
    const results = await Promise.all(
      Array.from({ length: 20 }, () => data.requests.insert(request(), { open: 4 })),
    );
    expect(results.filter((result) => result === 'inserted')).toHaveLength(3);
    expect(results.filter((result) => result === 'full')).toHaveLength(17);
    expect(await data.requests.listOpen('u', 1)).toHaveLength(4);
  });

  it('inserts no more white label users than the limit when many are inserted at once', async () => {
    const { data, app } = await dataWithApp();
    const insert = (id: string, whiteLabelOf = app.appKey) =>
      data.users.insert({ id, username: `${id}@1`, whiteLabelOf, createdAt: 0 }, 4);
    await insert('first');
    const results = await Promise.all(Array.from({ length: 20 }, (_, i) => insert(`u${i}`)));
    expect(results.filter((result) => result === 'inserted')).toHaveLength(3);
    expect(results.filter((result) => result === 'full')).toHaveLength(17);
    expect((await data.users.list()).filter((user) => user.whiteLabelOf)).toHaveLength(4);
    expect(await insert('first')).toBe('taken');
    expect(await insert('other', '0')).toBe('gone');
  });

  it('records one of many answers at once, with its event only', async () => {
    const { data, request, event, answer } = await dataWithApp();
    const one = request();
    await data.requests.insert(one, { open: 10 });
    const results = await Promise.all(
      [true, false, true, false].map((approved) =>
        data.requests.answer(one.authRequest, answer(approved), { ...STEP, event: event() }),
      ),
    );
    const counted = results.filter((result) => typeof result === 'object');
    expect(counted).toHaveLength(1);
    expect(results.filter((result) => result === 'answered')).toHaveLength(3);
    expect(await data.requests.get(one.authRequest)).toEqual(counted[0]?.request);
    expect(await data.deliveries.count()).toBe(1);
    expect(await data.requests.answer('none', answer(true), STEP)).toBeUndefined();
    const late = request();
    await data.requests.insert(late, { open: 10 });
    const after = { ...STEP, now: 5 * MINUTE };
    expect(await data.requests.answer(late.authRequest, answer(true), after)).toBe('expired');
  });

  it('reports an event that was not queued, and keeps the answer', async () => {
    const { data, request, event, answer } = await dataWithApp();
    const queued: boolean[] = [];
    for (let i = 0; i < 3; i += 1) {
      const one = request({ session: false });
      await data.requests.insert(one, { open: 10 });
      const step = { ...STEP, event: event() };
      const answered = await data.requests.answer(one.authRequest, answer(true), step);
      if (typeof answered === 'object') queued.push(answered.queued);
      expect(await data.requests.get(one.authRequest)).toHaveProperty('answer');
    }
    expect(queued).toEqual([true, true, false]);
  });

  it('opens sessions, ends the oldest one beyond the limit, and remembers ended ones as past', async () => {
    const { data, opened, app } = await dataWithApp();
    const [first, second, third] = [await opened(1), await opened(2), await opened(3)];
    const alive = async () => (await data.sessions.list('u')).map(({ authRequest }) => authRequest);
    expect(await alive()).toEqual([second.authRequest, third.authRequest]);
    expect(await data.requests.get(third.authRequest)).toMatchObject({ sessionState: 'open' });
    const past = { past: true, appKey: app.appKey, hadSession: true };
    expect(await data.requests.get(first.authRequest)).toMatchObject(past);
    expect(await data.sessions.confirm(first.authRequest, app.appKey)).toBeUndefined();
    expect(await data.sessions.confirm(second.authRequest, '0')).toBeUndefined();
    expect(await data.sessions.confirm(second.authRequest, app.appKey)).toBe('u');
    expect(await data.sessions.get(second.authRequest)).toMatchObject({
      confirmed: true,
      state: 'open',
    });
    expect(await data.sessions.end(second.authRequest, 4)).toBe(true);
    expect(await data.sessions.end(second.authRequest, 4)).toBe(false);
    expect(await alive()).toEqual([third.authRequest]);
  });

  it('clears the sessions with one application and keeps one logout event', async () => {
    const { data, opened, event, app } = await dataWithApp();
    const logout = () => event({ kind: 'logout', parameters: { user_hash: 'h' } });
    const said = (at: number) => ({ id: randomUUID(), at, kind: 'sessions.ended', details: {} });
    expect(await data.sessions.clear('u', app.appKey, said(1), logout())).toEqual([]);
    expect(await data.deliveries.count()).toBe(0);
    expect(await data.audit.list({ limit: 10 })).toEqual([]);
    const [first, second] = [await opened(1), await opened(2)];
    await data.sessions.clear('u', app.appKey, said(2), logout());
    const last = logout();
    const cleared = await data.sessions.clear('u', app.appKey, said(3), last);
    const { authRequest } = second;
    expect(await data.requests.get(authRequest)).toMatchObject({ sessionState: 'pending clear' });
    expect(cleared.map(({ authRequest, state }) => [authRequest, state])).toEqual([
      [first.authRequest, 'pending clear'],
      [second.authRequest, 'pending clear'],
    ]);
    expect(await data.sessions.confirm(first.authRequest, app.appKey)).toBeUndefined();
    expect(await data.deliveries.claim(1, 10, 10, MINUTE)).toEqual([last]);
    expect((await data.audit.list({ limit: 10 })).map(({ at }) => at)).toEqual([3, 2]);
  });

  it('gives an event to one claim at a time, and reschedules it under the same id', async () => {
    const { data, request, event, answer } = await dataWithApp();
    const sent = [event(), event()];
    for (const one of sent) {
      const asked = request({ session: false });
      await data.requests.insert(asked, { open: 10 });
      await data.requests.answer(asked.authRequest, answer(true), { ...STEP, event: one });
    }
    expect(await data.deliveries.claim(0, 10, 10, MINUTE)).toEqual([]);
    const [one] = await data.deliveries.claim(1, 10, 1, MINUTE);
    expect(await data.deliveries.claim(1, 10, 1, MINUTE)).toEqual([]);
    const claims = await Promise.all([1, 2, 3].map(() => data.deliveries.claim(1, 10, 10, MINUTE)));
    const [other] = claims.flat();
    expect(claims.flat()).toHaveLength(1);
    expect([one?.id, other?.id].sort()).toEqual(sent.map(({ id }) => id).sort());
    const change = { attempts: 1, nextAttemptAt: 5, eventTime: 1 };
    await data.deliveries.reschedule(one?.id ?? '', change);
    expect(await data.deliveries.claim(4, 10, 10, MINUTE)).toEqual([]);
    expect(await data.deliveries.claim(5, 10, 10, MINUTE)).toEqual([{ ...one, ...change }]);
    for (const { id } of sent) await data.deliveries.delete(id);
    expect(await data.deliveries.count()).toBe(0);
  });

  it('queues the event of an answer as claimed by its caller', async () => {
    const { data, request, event, answer } = await dataWithApp();
    const claimed = event();
    const one = request({ session: false });
    await data.requests.insert(one, { open: 10 });
    const step = { ...STEP, event: claimed, eventLeaseMs: MINUTE };
    await data.requests.answer(one.authRequest, answer(true), step);
    expect(await data.deliveries.claim(1, 10, 10, MINUTE)).toEqual([]);
    expect(await data.deliveries.count()).toBe(1);
    const { id, attempts, nextAttemptAt, eventTime } = claimed;
    await data.deliveries.reschedule(id, { attempts, nextAttemptAt, eventTime });
    expect(await data.deliveries.claim(1, 10, 10, MINUTE)).toEqual([claimed]);
  });

  it('makes events due that wait for a time from before the clock was put back', async () => {
    const { data, request, event, answer } = await dataWithApp();
    const sent = [event(), event()];
    for (const one of sent) {
      const asked = request({ session: false });
      await data.requests.insert(asked, { open: 10 });
      await data.requests.answer(asked.authRequest, answer(true), { ...STEP, event: one });
    }
    await data.deliveries.claim(1, 10, 10, MINUTE);
    const [late, soon] = sent.map(({ id }) => id) as [string, string];
    const change = { attempts: 1, eventTime: 1 };
    await data.deliveries.reschedule(late, { ...change, nextAttemptAt: 60 * MINUTE });
    await data.deliveries.reschedule(soon, { ...change, nextAttemptAt: 2 * MINUTE });
    await data.deliveries.cutWaits(MINUTE, MINUTE, MINUTE);
    const claim = async (now: number) => await data.deliveries.claim(now, 10, 10, 10 * MINUTE);
    expect(await claim(MINUTE)).toMatchObject([{ id: late }]);
    expect(await claim(2 * MINUTE)).toMatchObject([{ id: soon }]);
  });

  it('leaves the events of a disabled application until they expire', async () => {
    const { data, request, event, answer, app } = await dataWithApp();
    const waiting = event();
    const asked = request({ session: false });
    await data.requests.insert(asked, { open: 10 });
    await data.requests.answer(asked.authRequest, answer(true), { ...STEP, event: waiting });
    await data.apps.setDisabled(app.appKey, true);
    expect(await data.deliveries.claim(1, 10, 10, MINUTE)).toEqual([]);
    await data.apps.setDisabled(app.appKey, false);
    expect(await data.deliveries.claim(1, 10, 10, MINUTE)).toEqual([waiting]);
    await data.apps.setDisabled(app.appKey, true);
    const again = { attempts: 1, nextAttemptAt: 2, eventTime: 1 };
    await data.deliveries.reschedule(waiting.id, again);
    expect(await data.deliveries.claim(5 * MINUTE - 1, 10, 10, MINUTE)).toEqual([]);
    expect(await data.deliveries.claim(5 * MINUTE, 10, 10, MINUTE)).toEqual([
      { ...waiting, ...again },
    ]);
  });

  it('counts no more than the windows allow when many are counted at once', async () => {
    const { data } = await dataWithApp();
    const windows = [{ requests: 2, seconds: 5 }];
    const waits = await Promise.all([1, 2, 3, 4].map(() => data.rates.take('key', windows, 1000)));
    expect(waits.filter((wait) => wait === 0)).toHaveLength(2);
    expect(waits.filter((wait) => wait === 5000)).toHaveLength(2);
    expect(await data.rates.take('other', windows, 1000)).toBe(0);
    expect(await data.rates.take('key', windows, 6000)).toBe(0);
  });

  it('has one current ping key when several are added at once', async () => {
    const { data } = await dataWithApp();
    const key = (fingerprint: string, madeAt: number) => ({
      fingerprint,
      madeAt,
      privateKey: `key ${fingerprint}`,
    });
    expect(await data.pingKeys.add(key('a', 1000), undefined, 0)).toBe(true);
    expect(await data.pingKeys.add(key('b', 2000), undefined, 0)).toBe(false);
    const added = await Promise.all(
      ['c', 'd'].map((one, i) => data.pingKeys.add(key(one, 3000 + i), 'a', 9000)),
    );
    expect(added.sort()).toEqual([false, true]);
    const [current, before] = await data.pingKeys.list();
    expect(current?.retiresAt).toBeUndefined();
    expect(before).toEqual({ ...key('a', 1000), retiresAt: 9000 });
    await data.sweep(9000);
    expect(await data.pingKeys.list()).toEqual([current]);
  });
}
