import { expect, it, onTestFinished } from 'vitest';
import type { DeviceRecord, PairingRecord, RequestRecord } from '../../lib/data/records.js';
import type { AnswerStep, Repository } from '../../lib/data/repository.js';
import { KEY, receiptOf } from '../support/records.js';

const MINUTE = 60_000;

let names = 0;
/** A name that no other test uses: repositories may be shared. */
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

/** What every repository has to keep to, of devices and of what belongs to them. */
export function devicesContract(make: () => Promise<Repository>): void {
  async function repositoryWithUser(virtual?: string) {
    const repository = await make();
    onTestFinished(async () => await repository.close());
    const userId = fresh('user');
    await repository.insertUser(
      { id: userId, username: userId, deviceId: virtual, createdAt: 0 },
      10,
    );
    return { repository, userId };
  }

  it('keeps devices in the order in which they were paired, up to the limit', async () => {
    const { repository, userId } = await repositoryWithUser();
    const [first, second, third] = [device(userId, 1), device(userId, 2), device(userId, 3)];
    expect(await repository.insertDevice(first, 2)).toBe('inserted');
    expect(await repository.insertDevice(second, 2)).toBe('inserted');
    expect(await repository.insertDevice(third, 2)).toBe('full');
    expect(await repository.devices(userId)).toEqual([first, second]);
    expect(await repository.device(first.id)).toEqual(first);
    expect(await repository.device(third.id)).toBeUndefined();
    expect((await repository.deviceCounts()).get(userId)).toBe(2);
    expect(await repository.deleteDevice(fresh('user'), first.id)).toBe(false);
    expect(await repository.deleteDevice(userId, first.id)).toBe(true);
    expect(await repository.deleteDevice(userId, first.id)).toBe(false);
    expect(await repository.insertDevice(third, 2)).toBe('inserted');
    expect(await repository.devices(userId)).toEqual([second, third]);
  });

  it('lets exactly as many devices in as there is room for, however many come at once', async () => {
    const { repository, userId } = await repositoryWithUser();
    const devices = Array.from({ length: 8 }, () => device(userId));
    const results = await Promise.all(devices.map((one) => repository.insertDevice(one, 3)));
    expect(results.filter((result) => result === 'inserted')).toHaveLength(3);
    expect(await repository.devices(userId)).toHaveLength(3);
  });

  it('has a virtual device only as long as there is no real one', async () => {
    const { repository, userId } = await repositoryWithUser('virtual');
    expect((await repository.user(userId))?.deviceId).toBe('virtual');
    const real = device(userId);
    await repository.insertDevice(real, 5);
    expect((await repository.user(userId))?.deviceId).toBeUndefined();
    expect(await repository.setVirtualDevice(userId, 'again')).toBe(false);
    await repository.deleteDevice(userId, real.id);
    expect((await repository.user(userId))?.deviceId).toBeUndefined();
    expect(await repository.setVirtualDevice(userId, 'again')).toBe(true);
    expect((await repository.user(userId))?.deviceId).toBe('again');
  });

  it('changes of a device what is named, and takes away what is null', async () => {
    const { repository, userId } = await repositoryWithUser();
    const one = device(userId);
    const push = { endpoint: 'https://push.example.com/1', p256dh: 'p', auth: 'a' };
    const webauthn = { credentialId: 'c', publicKey: 'k', counter: 1, transports: ['internal'] };
    const enrolment = { challenge: 'c', expiresAt: 5 };
    expect(await repository.updateDevice(one.id, { name: 'Tablet' })).toBe(false);
    await repository.insertDevice(one, 5);
    expect(await repository.updateDevice(one.id, { name: 'Tablet', push, enrolment })).toBe(true);
    expect(await repository.device(one.id)).toEqual({ ...one, name: 'Tablet', push, enrolment });
    await repository.updateDevice(one.id, { push: null, enrolment: null, webauthn });
    await repository.updateDevice(one.id, { knowledgeKey: KEY, lastSeenAt: 7 });
    expect(await repository.device(one.id)).toEqual({
      ...one,
      name: 'Tablet',
      webauthn,
      knowledgeKey: KEY,
      lastSeenAt: 7,
    });
  });

  it('takes a nonce of a device once, until it is forgotten, and only so many', async () => {
    const { repository, userId } = await repositoryWithUser();
    const [one, other] = [device(userId), device(userId)];
    for (const each of [one, other]) await repository.insertDevice(each, 5);
    const take = (nonce: string, now: number, by = one, limit = 3) =>
      repository.takeNonce(by.id, nonce, now + MINUTE, now, limit);
    expect(await take('a', 0)).toBe('taken');
    expect(await take('a', 0)).toBe('seen');
    expect(await take('a', MINUTE - 1)).toBe('seen');
    expect(await take('a', 0, other)).toBe('taken');
    expect(await take('b', 0)).toBe('taken');
    expect(await take('c', 1)).toBe('taken');
    expect(await take('d', 1)).toBe('full');
    expect(await take('a', 1)).toBe('seen');
    expect(await take('d', MINUTE)).toBe('taken');
    await repository.sweep(MINUTE);
    expect(await take('c', MINUTE)).toBe('seen');
    expect(await take('a', MINUTE)).toBe('taken');
  });

  it('takes a nonce once, however many bring it at once', async () => {
    const { repository, userId } = await repositoryWithUser();
    const one = device(userId);
    await repository.insertDevice(one, 5);
    const results = await Promise.all(
      Array.from({ length: 8 }, () => repository.takeNonce(one.id, 'same', MINUTE, 0, 100)),
    );
    expect(results.filter((result) => result === 'taken')).toHaveLength(1);
  });

  function pairing(userId: string): PairingRecord {
    const [codeHash, linkHash, imageHash] = [fresh('code'), fresh('link'), fresh('image')];
    return { userId, codeHash, linkHash, imageHash, expiresAt: MINUTE };
  }

  it('gives a pairing out once, by its code or by its link, and by nothing else', async () => {
    const { repository, userId } = await repositoryWithUser();
    const first = pairing(userId);
    await repository.putPairing(first);
    for (const wrong of [first.imageHash, first.linkHash]) {
      expect(await repository.takePairing('codeHash', wrong, 0)).toBeUndefined();
    }
    for (const wrong of [first.imageHash, first.codeHash]) {
      expect(await repository.takePairing('linkHash', wrong, 0)).toBeUndefined();
    }
    for (const wrong of [first.codeHash, first.linkHash]) {
      expect(await repository.pairingByImage(wrong, 0)).toBeUndefined();
    }
    expect(await repository.takePairing('codeHash', first.codeHash, MINUTE)).toBeUndefined();
    expect(await repository.pairingByImage(first.imageHash, 0)).toEqual(first);
    const taken = await Promise.all(
      Array.from({ length: 4 }, () => repository.takePairing('codeHash', first.codeHash, 0)),
    );
    expect(taken.filter((one) => one !== undefined)).toEqual([first]);
    expect(await repository.takePairing('linkHash', first.linkHash, 0)).toBeUndefined();
    expect(await repository.pairingByImage(first.imageHash, 0)).toBeUndefined();
  });

  it('keeps one pairing for each user: the last one', async () => {
    const { repository, userId } = await repositoryWithUser();
    const [first, second] = [pairing(userId), pairing(userId)];
    await repository.putPairing(first);
    await repository.putPairing(second);
    expect(await repository.takePairing('codeHash', first.codeHash, 0)).toBeUndefined();
    expect(await repository.takePairing('linkHash', second.linkHash, 0)).toEqual(second);
  });

  it('pauses a user for longer with each report of fraud, and begins anew after a while', async () => {
    const { repository, userId, make, answer } = await withRequest();
    const note = (fraud: object) => ({
      id: fresh('audit'),
      at: 0,
      kind: 'test',
      userId,
      details: { ...fraud },
    });
    const report = async (now: number) => {
      const fraud = { pauses: [10, 100], memory: 1000, note };
      const answered = await answer(await make(), false, { now, fraud });
      return typeof answered === 'object' ? answered.fraud : answered;
    };
    expect(await repository.fraud(userId)).toBeUndefined();
    expect(await report(0)).toEqual({ reports: 1, lastAt: 0, pausedUntil: 10 });
    expect(await report(20)).toEqual({ reports: 2, lastAt: 20, pausedUntil: 120 });
    expect(await report(130)).toEqual({ reports: 3, lastAt: 130, pausedUntil: 230 });
    await repository.endPause(userId, 150);
    expect(await repository.fraud(userId)).toEqual({ reports: 3, lastAt: 130, pausedUntil: 150 });
    expect(await report(2000)).toEqual({ reports: 1, lastAt: 2000, pausedUntil: 2010 });
    expect(await repository.fraud(userId)).toMatchObject({ pausedUntil: 2010 });
  });

  it('shows the audit trail from the newest on, of one user or of all', async () => {
    const { repository, userId } = await repositoryWithUser();
    const record = (at: number, details = {}) => ({
      id: fresh('audit'),
      at,
      kind: 'test',
      details,
    });
    const first = { ...record(1, { name: 'Phone', approved: true, count: 2 }), userId };
    const second = { ...record(2), userId, appKey: '1234567890', deviceId: 'd' };
    const foreign = { ...record(3), userId: fresh('user') };
    for (const one of [first, second, foreign]) await repository.insertAudit(one);
    expect(await repository.audit({ userId, limit: 5 })).toEqual([second, first]);
    expect(await repository.audit({ userId, limit: 1 })).toEqual([second]);
    expect(await repository.audit({ limit: 1 })).toEqual([foreign]);
  });

  it('keeps a secret as it was given first', async () => {
    const { repository } = await repositoryWithUser();
    const name = fresh('secret');
    const given = await Promise.all(['a', 'b', 'c'].map((one) => repository.secret(name, one)));
    expect(new Set(given).size).toBe(1);
    expect(['a', 'b', 'c']).toContain(given[0]);
    expect(await repository.secret(name, 'd')).toBe(given[0]);
  });

  async function withRequest() {
    const { repository, userId } = await repositoryWithUser();
    const appKey = String(1_000_000_000 + names);
    await repository.insertApp({
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
      await repository.insertRequest(request, 10);
      return request;
    };
    const answer = (request: RequestRecord, approved: boolean, step: Partial<AnswerStep> = {}) =>
      repository.answerRequest(
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
    return { repository, userId, make, answer };
  }

  it('keeps the receipt of the answer that counts', async () => {
    const { repository, make, answer } = await withRequest();
    const request = await make();
    expect(await repository.receipt(request.authRequest)).toBeUndefined();
    expect(await answer(request, true)).toMatchObject({ request: { answer: { approved: true } } });
    expect(await answer(request, false)).toBe('answered');
    expect(await repository.receipt(request.authRequest)).toEqual(receiptOf(request));
  });

  it('writes down what is said of an answer, and the report of fraud, with the answer that counts', async () => {
    const { repository, userId, make, answer } = await withRequest();
    const entry = (at: number) => ({ id: fresh('audit'), at, kind: 'test', userId, details: {} });
    const request = await make();
    const [first, second, late] = [entry(1), entry(2), entry(3)];
    const report = { pauses: [10], memory: 1000, note: () => second };
    await answer(request, false, { audit: first, fraud: report });
    expect(await repository.audit({ userId, limit: 5 })).toEqual([second, first]);
    const again = { pauses: [10], memory: 1000, note: () => late };
    expect(await answer(request, false, { audit: late, fraud: again })).toBe('answered');
    expect(await repository.audit({ userId, limit: 5 })).toEqual([second, first]);
    expect(await repository.fraud(userId)).toMatchObject({ reports: 1 });
  });

  it('takes a denial only once a wrong number was picked', async () => {
    const { repository, userId, make, answer } = await withRequest();
    const [first, second] = [await make(), await make()];
    await repository.allowDenialOnly(first.authRequest);
    expect(await repository.pendingRequests(userId, 1)).toEqual([
      { ...first, denialOnly: true },
      second,
    ]);
    expect(await answer(first, true)).toBe('denial only');
    expect(await repository.receipt(first.authRequest)).toBeUndefined();
    expect(await answer(first, false)).toMatchObject({ request: { answer: { approved: false } } });
    expect(await answer(second, true)).toMatchObject({ request: { answer: { approved: true } } });
    await repository.allowDenialOnly(second.authRequest);
    expect(await repository.request(second.authRequest)).not.toHaveProperty('denialOnly', true);
  });

  it('ends the open requests of a user, and those alone', async () => {
    const { repository, userId, make, answer } = await withRequest();
    const [answered, first, second] = [await make(), await make(), await make()];
    await answer(answered, true);
    expect(await repository.expireRequests(fresh('user'), 1)).toEqual([]);
    expect((await repository.expireRequests(userId, 1)).sort()).toEqual(
      [first.authRequest, second.authRequest].sort(),
    );
    expect(await repository.pendingRequests(userId, 1)).toEqual([]);
    expect(await answer(first, true)).toBe('expired');
    expect(await repository.receipt(first.authRequest)).toBeUndefined();
    expect(await repository.insertRequest(first, 10)).toBe('taken');
    expect(await repository.session(answered.authRequest)).toMatchObject({ state: 'open' });
    expect(await repository.expireRequests(userId, 1)).toEqual([]);
  });
}
