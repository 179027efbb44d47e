import { expect, it, onTestFinished } from 'vitest';
import type { Data } from '../../lib/data/data.js';
import type { DeviceRecord } from '../../lib/data/ports/devices.js';
import type { PairingRecord } from '../../lib/data/ports/pairings.js';
import type { AnswerStep, RequestRecord } from '../../lib/data/ports/requests.js';
import { KEY, receiptOf } from '../support/records.js';

const MINUTE = 60_000;

let names = 0;
/** A name that no other test uses, since tests may share a database. */
function fresh(kind: string): string {
  names += 1;
  return `${kind}-${process.pid}-${names}`;
}

function device(userId: string, createdAt = 0): DeviceRecord {
  const id = fresh('device');
  return {
    id,
    userId,
    name: 'Phone',
    publicKey: KEY,
    tokenHash: `hash of ${id}`,
    createdAt,
    lastSeenAt: createdAt,
  };
}

/** The contract of devices, nonces, pairings, receipts, the audit trail and reports of fraud. */
export function devicesContract(make: () => Promise<Data>): void {
  async function dataWithUser(virtual?: string) {
    const data = await make();
    onTestFinished(async () => await data.close());
    const userId = fresh('user');
    await data.users.insert({ id: userId, username: userId, deviceId: virtual, createdAt: 0 }, 10);
    return { data, userId };
  }

  it('lists devices in the order in which they were paired, up to the limit', async () => {
    const { data, userId } = await dataWithUser();
    const [first, second, third] = [device(userId, 1), device(userId, 2), device(userId, 3)];
    expect(await data.devices.insert(first, 2)).toBe('inserted');
    expect(await data.devices.insert(second, 2)).toBe('inserted');
    expect(await data.devices.insert(third, 2)).toBe('full');
    expect(await data.devices.list(userId)).toEqual([first, second]);
    expect(await data.devices.get(first.id)).toEqual(first);
    expect(await data.devices.get(third.id)).toBeUndefined();
    expect(await data.devices.counts()).toContainEqual({ userId, devices: 2 });
    expect(await data.devices.delete(fresh('user'), first.id)).toBe(false);
    expect(await data.devices.delete(userId, first.id)).toBe(true);
    expect(await data.devices.delete(userId, first.id)).toBe(false);
    expect(await data.devices.insert(third, 2)).toBe('inserted');
    expect(await data.devices.list(userId)).toEqual([second, third]);
  });

  it('inserts no more devices than the limit when many are inserted at once', async () => {
    const { data, userId } = await dataWithUser();
    const devices = Array.from({ length: 8 }, () => device(userId));
    const results = await Promise.all(devices.map((one) => data.devices.insert(one, 3)));
    expect(results.filter((result) => result === 'inserted')).toHaveLength(3);
    expect(await data.devices.list(userId)).toHaveLength(3);
  });

  it('replaces the virtual device by the first real one', async () => {
    const { data, userId } = await dataWithUser('virtual');
    expect((await data.users.get(userId))?.deviceId).toBe('virtual');
    const withVirtualDevice = await data.users.countVirtualDevices();
    const real = device(userId);
    await data.devices.insert(real, 5);
    expect(await data.users.countVirtualDevices()).toBe(withVirtualDevice - 1);
    expect((await data.users.get(userId))?.deviceId).toBeUndefined();
    expect(await data.users.setVirtualDevice(userId, 'again')).toBe(false);
    await data.devices.delete(userId, real.id);
    expect((await data.users.get(userId))?.deviceId).toBeUndefined();
    expect(await data.users.setVirtualDevice(userId, 'again')).toBe(true);
    expect((await data.users.get(userId))?.deviceId).toBe('again');
  });

  it('changes the named members of a device and removes those that are null', async () => {
    const { data, userId } = await dataWithUser();
    const one = device(userId);
    const push = { endpoint: 'https://push.example.com/1', p256dh: 'p', auth: 'a' };
    const webauthn = { credentialId: 'c', publicKey: 'k', counter: 1, transports: ['internal'] };
    const enrolment = { challenge: 'c', expiresAt: 5 };
    expect(await data.devices.update(one.id, { name: 'Tablet' })).toBe(false);
    await data.devices.insert(one, 5);
    expect(await data.devices.update(one.id, { name: 'Tablet', push, enrolment })).toBe(true);
    expect(await data.devices.get(one.id)).toEqual({ ...one, name: 'Tablet', push, enrolment });
    await data.devices.update(one.id, { push: null, enrolment: null, webauthn });
    await data.devices.update(one.id, { knowledgeKey: KEY });
    await data.devices.seen(one.id, 7);
    await data.devices.seen('none', 8);
    expect(await data.devices.get(one.id)).toEqual({
      ...one,
      name: 'Tablet',
      webauthn,
      knowledgeKey: KEY,
      lastSeenAt: 7,
    });
  });

  it('accepts a nonce of a device once until it expires, and no more than the limit', async () => {
    const { data, userId } = await dataWithUser();
    const [one, other] = [device(userId), device(userId)];
    for (const each of [one, other]) await data.devices.insert(each, 5);
    const take = (nonce: string, now: number, by = one, limit = 3) =>
      data.nonces.take(by.id, nonce, now + MINUTE, now, limit);
    expect(await take('a', 0)).toBe('taken');
    expect(await take('a', 0)).toBe('seen');
    expect(await take('a', MINUTE - 1)).toBe('seen');
    expect(await take('a', 0, other)).toBe('taken');
    expect(await take('b', 0)).toBe('taken');
    expect(await take('c', 1)).toBe('taken');
    expect(await take('d', 1)).toBe('full');
    expect(await take('a', 1)).toBe('seen');
    expect(await take('d', MINUTE)).toBe('taken');
    await data.sweep(MINUTE);
    expect(await take('c', MINUTE)).toBe('seen');
    expect(await take('a', MINUTE)).toBe('taken');
  });

  it('accepts a nonce once when it is taken many times at once', async () => {
    const { data, userId } = await dataWithUser();
    const one = device(userId);
    await data.devices.insert(one, 5);
    const results = await Promise.all(
      Array.from({ length: 8 }, () => data.nonces.take(one.id, 'same', MINUTE, 0, 100)),
    );
    expect(results.filter((result) => result === 'taken')).toHaveLength(1);
  });

  function pairing(userId: string): PairingRecord {
    const [codeHash, linkHash, imageHash] = [fresh('code'), fresh('link'), fresh('image')];
    return { userId, codeHash, linkHash, imageHash, expiresAt: MINUTE };
  }

  it('returns a pairing once, by its code or by its link only', async () => {
    const { data, userId } = await dataWithUser();
    const first = pairing(userId);
    await data.pairings.put(first);
    for (const wrong of [first.imageHash, first.linkHash]) {
      expect(await data.pairings.take('codeHash', wrong, 0)).toBeUndefined();
    }
    for (const wrong of [first.imageHash, first.codeHash]) {
      expect(await data.pairings.take('linkHash', wrong, 0)).toBeUndefined();
    }
    for (const wrong of [first.codeHash, first.linkHash]) {
      expect(await data.pairings.byImage(wrong, 0)).toBeUndefined();
    }
    expect(await data.pairings.take('codeHash', first.codeHash, MINUTE)).toBeUndefined();
    expect(await data.pairings.byImage(first.imageHash, 0)).toEqual(first);
    const taken = await Promise.all(
      Array.from({ length: 4 }, () => data.pairings.take('codeHash', first.codeHash, 0)),
    );
    expect(taken.filter((one) => one !== undefined)).toEqual([first]);
    expect(await data.pairings.take('linkHash', first.linkHash, 0)).toBeUndefined();
    expect(await data.pairings.byImage(first.imageHash, 0)).toBeUndefined();
  });

  it('keeps only the last pairing of each user', async () => {
    const { data, userId } = await dataWithUser();
    const [first, second] = [pairing(userId), pairing(userId)];
    await data.pairings.put(first);
    await data.pairings.put(second);
    expect(await data.pairings.take('codeHash', first.codeHash, 0)).toBeUndefined();
    expect(await data.pairings.take('linkHash', second.linkHash, 0)).toEqual(second);
  });

  it('pauses a user for longer with each report of fraud, and restarts the count after a while', async () => {
    const { data, userId, make, answer } = await withRequest();
    const report = async (now: number) => {
      const audit = { id: fresh('audit'), at: now, kind: 'fraud', userId, details: {} };
      const fraud = { pausesMs: [10, 100], resetAfterMs: 1000, audit };
      const answered = await answer(await make(), false, { now, fraud });
      return typeof answered === 'object' ? answered.fraud : answered;
    };
    expect(await data.fraud.get(userId)).toBeUndefined();
    expect(await report(0)).toEqual({ reports: 1, lastAt: 0, pausedUntil: 10, pausedKeys: [] });
    expect(await report(20)).toEqual({ reports: 2, lastAt: 20, pausedUntil: 120, pausedKeys: [] });
    expect(await report(130)).toEqual({
      reports: 3,
      lastAt: 130,
      pausedUntil: 230,
      pausedKeys: [],
    });
    await data.fraud.endPause(userId, 150);
    expect(await data.fraud.get(userId)).toEqual({
      reports: 3,
      lastAt: 130,
      pausedUntil: 150,
      pausedKeys: [],
    });
    expect(await report(2000)).toEqual({
      reports: 1,
      lastAt: 2000,
      pausedUntil: 2010,
      pausedKeys: [],
    });
    expect(await data.fraud.get(userId)).toMatchObject({ pausedUntil: 2010 });
    const [newest] = await data.audit.list({ userIds: [userId], limit: 1 });
    expect(newest).toMatchObject({ at: 2000, details: { reports: 1, pausedUntil: 2010 } });
  });

  it('lists the newest audit entries first, of one user or of all', async () => {
    const { data, userId } = await dataWithUser();
    const record = (at: number, details = {}) => ({
      id: fresh('audit'),
      at,
      kind: 'test',
      details,
    });
    const first = { ...record(1, { name: 'Phone', approved: true, count: 2 }), userId };
    const second = { ...record(2), userId, appKey: '1234567890', deviceId: 'd' };
    const foreign = { ...record(3), userId: fresh('user') };
    for (const one of [first, second, foreign]) await data.audit.insert(one);
    expect(await data.audit.list({ userIds: [userId], limit: 5 })).toMatchObject([second, first]);
    expect(await data.audit.list({ userIds: [userId], limit: 1 })).toMatchObject([second]);
    expect(await data.audit.list({ limit: 1 })).toMatchObject([foreign]);
  });

  it('keeps the first candidate of a secret', async () => {
    const { data } = await dataWithUser();
    const name = fresh('secret');
    const given = await Promise.all(['a', 'b', 'c'].map((one) => data.secrets.ensure(name, one)));
    expect(new Set(given).size).toBe(1);
    expect(['a', 'b', 'c']).toContain(given[0]);
    expect(await data.secrets.ensure(name, 'd')).toBe(given[0]);
  });

  async function withRequest() {
    const { data, userId } = await dataWithUser();
    const appKey = String(1_000_000_000 + names);
    await data.apps.insert({
      appKey,
      name: 'Shop',
      secretHash: 'hash',
      publicKey: 'pem',
      disabled: false,
      createdAt: 0,
    });
    const make = async (): Promise<RequestRecord> => {
      const request = {
        authRequest: fresh('request'),
        appKey,
        appName: 'Shop',
        userId,
        username: userId,
        session: true,
        userPushId: false,
        number: '42',
        numbers: ['42', '07'],
        createdAt: 0,
        expiresAt: 5 * MINUTE,
      };
      await data.requests.insert(request, { open: 10 });
      return request;
    };
    const answer = (request: RequestRecord, approved: boolean, step: Partial<AnswerStep> = {}) =>
      data.requests.answer(
        request.authRequest,
        { approved, auth: 'auth', userHash: 'hash', answeredAt: 1 },
        {
          now: 1,
          sessionLimit: 50,
          eventLimit: 50,
          receipt: receiptOf(request, approved),
          ...step,
        },
      );
    return { data, userId, make, answer };
  }

  it('keeps the receipt of the first answer only', async () => {
    const { data, make, answer } = await withRequest();
    const request = await make();
    expect(await data.receipts.get(request.authRequest)).toBeUndefined();
    expect(await answer(request, true)).toMatchObject({ request: { answer: { approved: true } } });
    expect(await answer(request, false)).toBe('answered');
    expect(await data.receipts.get(request.authRequest)).toEqual(receiptOf(request));
  });

  it('records the audit entry and the report of fraud of the first answer only', async () => {
    const { data, userId, make, answer } = await withRequest();
    const entry = (at: number) => ({ id: fresh('audit'), at, kind: 'test', userId, details: {} });
    const request = await make();
    const [first, second, late] = [entry(1), entry(2), entry(3)];
    const fraud = { pausesMs: [10], resetAfterMs: 1000, audit: second };
    await answer(request, false, { audit: first, fraud });
    const kept = [{ ...second, details: { reports: 1, pausedUntil: 11 } }, first];
    expect(await data.audit.list({ userIds: [userId], limit: 5 })).toMatchObject(kept);
    expect(await answer(request, false, { audit: late, fraud })).toBe('answered');
    expect(await data.audit.list({ userIds: [userId], limit: 5 })).toMatchObject(kept);
    expect(await data.fraud.get(userId)).toMatchObject({ reports: 1 });
  });

  it('refuses an approval after a wrong number was picked, and accepts a denial', async () => {
    const { data, userId, make, answer } = await withRequest();
    const [first, second] = [await make(), await make()];
    await data.requests.allowDenialOnly(first.authRequest);
    expect(await data.requests.listOpen(userId, 1)).toEqual([
      { ...first, denialOnly: true },
      second,
    ]);
    expect(await answer(first, true)).toBe('denial only');
    expect(await data.receipts.get(first.authRequest)).toBeUndefined();
    expect(await answer(first, false)).toMatchObject({ request: { answer: { approved: false } } });
    expect(await answer(second, true)).toMatchObject({ request: { answer: { approved: true } } });
    await data.requests.allowDenialOnly(second.authRequest);
    expect(await data.requests.get(second.authRequest)).not.toHaveProperty('denialOnly', true);
  });

  it('expires the open requests of a user and no others', async () => {
    const { data, userId, make, answer } = await withRequest();
    const [answered, first, second] = [await make(), await make(), await make()];
    await answer(answered, true);
    expect(await data.requests.expireOpen(fresh('user'), 1)).toEqual([]);
    expect((await data.requests.expireOpen(userId, 1)).sort()).toEqual(
      [first.authRequest, second.authRequest].sort(),
    );
    expect(await data.requests.listOpen(userId, 1)).toEqual([]);
    expect(await answer(first, true)).toBe('expired');
    expect(await data.receipts.get(first.authRequest)).toBeUndefined();
    expect(await data.requests.insert(first, { open: 10 })).toBe('taken');
    expect(await data.sessions.get(answered.authRequest)).toMatchObject({ state: 'open' });
    expect(await data.requests.expireOpen(userId, 1)).toEqual([]);
  });
}
