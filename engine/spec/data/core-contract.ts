import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import type { DeliveryRecord, RequestRecord } from '../../lib/data/records.js';
import type { Repository } from '../../lib/data/repository.js';

const MINUTE = 60_000;
const STEP = { now: 1, sessionLimit: 2, eventLimit: 2 };

/** What every repository has to keep to, of applications, users, auth requests, sessions, events. */
export function coreContract(make: () => Promise<Repository>): void {
  async function repositoryWithApp() {
    const repository = await make();
    onTestFinished(async () => await repository.close());
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
    expect(await repository.insertApp(app)).toBe(true);
    expect(await repository.insertUser(user, 10)).toBe('inserted');
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
      await repository.insertRequest(one, 100);
      await repository.answerRequest(one.authRequest, answer(true, answeredAt), {
        ...STEP,
        now: answeredAt,
      });
      return one;
    };
    return { repository, app, user, request, event, answer, opened };
  }

  it('keeps applications and users, and takes no name twice', async () => {
    const { repository, app, user } = await repositoryWithApp();
    expect(await repository.insertApp({ ...app, name: 'Other' })).toBe(false);
    expect(await repository.insertUser({ ...user, id: 'v' }, 10)).toBe('taken');
    expect(await repository.app(app.appKey)).toEqual(app);
    expect(await repository.userByName('alice')).toEqual(user);
    expect(await repository.setAppDisabled(app.appKey, true)).toBe(true);
    expect(await repository.setAppDisabled('0', true)).toBe(false);
    const strict = { ...app, appKey: '2', createdAt: 1, strictStamps: true };
    expect(await repository.insertApp(strict)).toBe(true);
    const usedPingKeys = [{ fingerprint: 'aa:bb', at: 5 }];
    await repository.setUsedPingKeys(app.appKey, usedPingKeys);
    await repository.setUsedPingKeys('0', usedPingKeys);
    expect(await repository.apps()).toEqual([{ ...app, disabled: true, usedPingKeys }, strict]);
    const white = { ...user, id: 'w', username: 'bob@1', whiteLabelOf: app.appKey };
    expect(await repository.insertUser(white, 1)).toBe('inserted');
    expect(await repository.insertUser({ ...white, id: 'x', username: 'y@1' }, 1)).toBe('full');
  });

  it('gives a user one name in each place, whoever asks first', async () => {
    const { repository, user } = await repositoryWithApp();
    const names = await Promise.all(
      ['a', 'b', 'c'].map((one) => repository.identity('hash', user.id, 'place', one)),
    );
    expect(new Set(names).size).toBe(1);
    const [name = ''] = names;
    expect(await repository.userByIdentity('hash', 'place', name)).toEqual(user);
    expect(await repository.userByIdentity('hash', 'elsewhere', name)).toBeUndefined();
    expect(await repository.userByIdentity('push', 'place', name)).toBeUndefined();
  });

  it('keeps a request with all that it has, up to the limit of open ones', async () => {
    const { repository, request } = await repositoryWithApp();
    const full = request({
      context: 'from here',
      policy: {
        minimumRequirements: { all: 0, knowledge: 1, inherence: 0, possession: 0 },
        locations: [{ radius: 1.5, latitude: -2.25, longitude: 3 }],
      },
      number: '42',
      numbers: ['42', '07'],
    });
    expect(await repository.insertRequest(full, 2)).toBe('inserted');
    expect(await repository.insertRequest(full, 2)).toBe('taken');
    expect(await repository.request(full.authRequest)).toEqual(full);
    const second = request({ createdAt: 1 });
    expect(await repository.insertRequest(second, 2)).toBe('inserted');
    expect(await repository.insertRequest(request({ createdAt: 2 }), 2)).toBe('full');
    expect(await repository.pendingRequests('u', 2)).toEqual([full, second]);
    expect(await repository.pendingCount(2)).toBe(2);
    expect(await repository.pendingRequests('u', 5 * MINUTE)).toEqual([]);
    const later = request({ createdAt: 5 * MINUTE, expiresAt: 10 * MINUTE });
    expect(await repository.insertRequest(later, 2)).toBe('inserted');
  });

  it('lets exactly as many requests in as there is room for, however many come at once', async () => {
    const { repository, request } = await repositoryWithApp();
    await repository.insertRequest(request(), 4);
    const results = await Promise.all(
      Array.from({ length: 20 }, () => repository.insertRequest(request(), 4)),
    );
    expect(results.filter((result) => result === 'inserted')).toHaveLength(3);
    expect(results.filter((result) => result === 'full')).toHaveLength(17);
    expect(await repository.pendingRequests('u', 1)).toHaveLength(4);
  });

  it('lets exactly as many white label users in as there is room for', async () => {
    const { repository, app } = await repositoryWithApp();
    const insert = (id: string, whiteLabelOf = app.appKey) =>
      repository.insertUser({ id, username: `${id}@1`, whiteLabelOf, createdAt: 0 }, 4);
    await insert('first');
    const results = await Promise.all(Array.from({ length: 20 }, (_, i) => insert(`u${i}`)));
    expect(results.filter((result) => result === 'inserted')).toHaveLength(3);
    expect(results.filter((result) => result === 'full')).toHaveLength(17);
    expect((await repository.users()).filter((user) => user.whiteLabelOf)).toHaveLength(4);
    expect(await insert('first')).toBe('taken');
    expect(await insert('other', '0')).toBe('gone');
  });

  it('lets one of many answers count, with its event and no other', async () => {
    const { repository, request, event, answer } = await repositoryWithApp();
    const one = request();
    await repository.insertRequest(one, 10);
    const results = await Promise.all(
      [true, false, true, false].map((approved) =>
        repository.answerRequest(one.authRequest, answer(approved), { ...STEP, event: event() }),
      ),
    );
    const counted = results.filter((result) => typeof result === 'object');
    expect(counted).toHaveLength(1);
    expect(results.filter((result) => result === 'answered')).toHaveLength(3);
    expect(await repository.request(one.authRequest)).toEqual(counted[0]?.request);
    expect(await repository.deliveryCount()).toBe(1);
    expect(await repository.answerRequest('none', answer(true), STEP)).toBeUndefined();
    const late = request();
    await repository.insertRequest(late, 10);
    const after = { ...STEP, now: 5 * MINUTE };
    expect(await repository.answerRequest(late.authRequest, answer(true), after)).toBe('expired');
  });

  it('says so where there is no room for the event, and keeps the answer all the same', async () => {
    const { repository, request, event, answer } = await repositoryWithApp();
    const queued: boolean[] = [];
    for (let i = 0; i < 3; i += 1) {
      const one = request({ session: false });
      await repository.insertRequest(one, 10);
      const step = { ...STEP, event: event() };
      const answered = await repository.answerRequest(one.authRequest, answer(true), step);
      if (typeof answered === 'object') queued.push(answered.queued);
      expect(await repository.request(one.authRequest)).toHaveProperty('answer');
    }
    expect(queued).toEqual([true, true, false]);
  });

  it('opens sessions, ends the oldest beyond the limit, and remembers that they were', async () => {
    const { repository, opened, app } = await repositoryWithApp();
    const [first, second, third] = [await opened(1), await opened(2), await opened(3)];
    const alive = async () =>
      (await repository.sessions('u')).map(({ authRequest }) => authRequest);
    expect(await alive()).toEqual([second.authRequest, third.authRequest]);
    const past = { past: true, appKey: app.appKey, hadSession: true };
    expect(await repository.request(first.authRequest)).toMatchObject(past);
    expect(await repository.confirmSession(first.authRequest)).toBe(false);
    expect(await repository.confirmSession(second.authRequest)).toBe(true);
    expect(await repository.session(second.authRequest)).toMatchObject({
      confirmed: true,
      state: 'open',
    });
    expect(await repository.endSession(second.authRequest, 4)).toBe(true);
    expect(await repository.endSession(second.authRequest, 4)).toBe(false);
    expect(await alive()).toEqual([third.authRequest]);
  });

  it('clears the sessions with one application, with one logout under way', async () => {
    const { repository, opened, event, app } = await repositoryWithApp();
    const logout = () => event({ kind: 'logout', parameters: { user_hash: 'h' } });
    const said = (at: number) => ({ id: randomUUID(), at, kind: 'sessions.ended', details: {} });
    expect(await repository.clearSessions('u', app.appKey, said(1), logout())).toEqual([]);
    expect(await repository.deliveryCount()).toBe(0);
    expect(await repository.audit({ limit: 10 })).toEqual([]);
    const [first, second] = [await opened(1), await opened(2)];
    await repository.clearSessions('u', app.appKey, said(2), logout());
    const last = logout();
    const cleared = await repository.clearSessions('u', app.appKey, said(3), last);
    expect(cleared.map(({ authRequest, state }) => [authRequest, state])).toEqual([
      [first.authRequest, 'pending clear'],
      [second.authRequest, 'pending clear'],
    ]);
    expect(await repository.confirmSession(first.authRequest)).toBe(false);
    expect(await repository.claimDeliveries(1, 10, 10, MINUTE)).toEqual([last]);
    expect((await repository.audit({ limit: 10 })).map(({ at }) => at)).toEqual([3, 2]);
  });

  it('gives an event to one sender, and back to be sent again under the same id', async () => {
    const { repository, request, event, answer } = await repositoryWithApp();
    const sent = [event(), event()];
    for (const one of sent) {
      const asked = request({ session: false });
      await repository.insertRequest(asked, 10);
      await repository.answerRequest(asked.authRequest, answer(true), { ...STEP, event: one });
    }
    expect(await repository.claimDeliveries(0, 10, 10, MINUTE)).toEqual([]);
    const [one] = await repository.claimDeliveries(1, 10, 1, MINUTE);
    expect(await repository.claimDeliveries(1, 10, 1, MINUTE)).toEqual([]);
    const claims = await Promise.all(
      [1, 2, 3].map(() => repository.claimDeliveries(1, 10, 10, MINUTE)),
    );
    const [other] = claims.flat();
    expect(claims.flat()).toHaveLength(1);
    expect([one?.id, other?.id].sort()).toEqual(sent.map(({ id }) => id).sort());
    const change = { attempts: 1, nextAttemptAt: 5, eventTime: 1 };
    await repository.rescheduleDelivery(one?.id ?? '', change);
    expect(await repository.claimDeliveries(4, 10, 10, MINUTE)).toEqual([]);
    expect(await repository.claimDeliveries(5, 10, 10, MINUTE)).toEqual([{ ...one, ...change }]);
    for (const { id } of sent) await repository.deleteDelivery(id);
    expect(await repository.deliveryCount()).toBe(0);
  });

  it('keeps back what is for a disabled application, unless it is to be given up', async () => {
    const { repository, request, event, answer, app } = await repositoryWithApp();
    const waiting = event();
    const asked = request({ session: false });
    await repository.insertRequest(asked, 10);
    await repository.answerRequest(asked.authRequest, answer(true), { ...STEP, event: waiting });
    await repository.setAppDisabled(app.appKey, true);
    expect(await repository.claimDeliveries(1, 10, 10, MINUTE)).toEqual([]);
    await repository.setAppDisabled(app.appKey, false);
    expect(await repository.claimDeliveries(1, 10, 10, MINUTE)).toEqual([waiting]);
    await repository.setAppDisabled(app.appKey, true);
    const again = { attempts: 1, nextAttemptAt: 2, eventTime: 1 };
    await repository.rescheduleDelivery(waiting.id, again);
    expect(await repository.claimDeliveries(5 * MINUTE - 1, 10, 10, MINUTE)).toEqual([]);
    expect(await repository.claimDeliveries(5 * MINUTE, 10, 10, MINUTE)).toEqual([
      { ...waiting, ...again },
    ]);
  });

  it('counts for all at once, and lets through what the windows have room for', async () => {
    const { repository } = await repositoryWithApp();
    const windows = [{ requests: 2, seconds: 5 }];
    const waits = await Promise.all(
      [1, 2, 3, 4].map(() => repository.takeRate('key', windows, 1000)),
    );
    expect(waits.filter((wait) => wait === 0)).toHaveLength(2);
    expect(waits.filter((wait) => wait === 5000)).toHaveLength(2);
    expect(await repository.takeRate('other', windows, 1000)).toBe(0);
    expect(await repository.takeRate('key', windows, 6000)).toBe(0);
  });

  it('has one current ping key, whoever makes one at the same moment', async () => {
    const { repository } = await repositoryWithApp();
    const key = (fingerprint: string, madeAt: number) => ({
      fingerprint,
      madeAt,
      privateKey: `key ${fingerprint}`,
    });
    expect(await repository.addPingKey(key('a', 1000), undefined, 0)).toBe(true);
    expect(await repository.addPingKey(key('b', 2000), undefined, 0)).toBe(false);
    const added = await Promise.all(
      ['c', 'd'].map((one, i) => repository.addPingKey(key(one, 3000 + i), 'a', 9000)),
    );
    expect(added.sort()).toEqual([false, true]);
    const [current, before] = await repository.pingKeys();
    expect(current?.retiresAt).toBeUndefined();
    expect(before).toEqual({ ...key('a', 1000), retiresAt: 9000 });
    await repository.sweep(9000);
    expect(await repository.pingKeys()).toEqual([current]);
  });
}
