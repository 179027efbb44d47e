import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import type { Data } from '../../lib/data/data.js';
import type { FraudReport } from '../../lib/data/ports/fraud.js';
import type { RequestRecord } from '../../lib/data/ports/requests.js';

const MINUTE = 60_000;
const STEP = { now: 1, sessionLimit: 2, eventLimit: 2 };

/** The contract of auth requests that their applications take back. */
export function withdrawalsContract(make: () => Promise<Data>): void {
  async function dataWithRequest(over: Partial<RequestRecord> = {}) {
    const data = await make();
    onTestFinished(async () => await data.close());
    await data.apps.insert({
      appKey: '1234567890',
      name: 'Shop',
      secretHash: 'hash',
      publicKey: 'pem',
      disabled: false,
      createdAt: 0,
    });
    await data.users.insert({ id: 'u', username: 'alice', deviceId: 'd', createdAt: 0 }, 10);
    const insert = async (createdAt = 0): Promise<RequestRecord> => {
      const request = {
        authRequest: randomUUID(),
        appKey: '1234567890',
        appName: 'Shop',
        userId: 'u',
        username: 'alice',
        session: true,
        userPushId: false,
        createdAt,
        expiresAt: createdAt + 5 * MINUTE,
        ...over,
      };
      expect(await data.requests.insert(request, { open: 100 })).toBe('inserted');
      return request;
    };
    return { data, insert, request: await insert() };
  }

  const entry = (at = 1) => ({ id: randomUUID(), at, kind: 'request.withdrawn', details: {} });
  const answer = (approved: boolean) => ({ approved, auth: 'a', userHash: 'h', answeredAt: 1 });
  const report = (): FraudReport => ({
    pausesMs: [5 * MINUTE],
    resetAfterMs: 60 * MINUTE,
    audit: { id: randomUUID(), at: 1, kind: 'fraud.reported', userId: 'u', details: {} },
  });

  it('takes an open request back once, with its audit entry', async () => {
    const { data, request } = await dataWithRequest();
    const { authRequest } = request;
    const results = await Promise.all(
      [1, 2, 3].map(() => data.requests.withdraw(authRequest, entry(), 1)),
    );
    expect(results.sort()).toEqual(['taken back', 'withdrawn', 'withdrawn']);
    expect(await data.audit.list({ limit: 10 })).toHaveLength(1);
    expect(await data.requests.get(authRequest)).toMatchObject({ past: true, withdrawn: true });
    expect(await data.requests.listOpen('u', 1)).toEqual([]);
    expect(await data.requests.countOpen(1)).toBe(0);
    expect(await data.requests.answer(authRequest, answer(true), STEP)).toBe('withdrawn');
    expect(await data.requests.insert(request, { open: 100 })).toBe('taken');
  });

  it('stays taken back when the clock is put back', async () => {
    const { data, request } = await dataWithRequest();
    await data.requests.withdraw(request.authRequest, entry(), 4 * MINUTE);
    const before = { ...STEP, now: MINUTE };
    expect(await data.requests.answer(request.authRequest, answer(true), before)).toBe('withdrawn');
    expect(await data.requests.listOpen('u', MINUTE)).toEqual([]);
    expect(await data.requests.countOpen(MINUTE)).toBe(0);
    expect(await data.requests.expireOpen('u', MINUTE)).toEqual([]);
  });

  it('counts the first of a withdrawal and an answer at once', async () => {
    const { data, request, insert } = await dataWithRequest();
    for (const { authRequest } of [request, await insert(), await insert(), await insert()]) {
      const [withdrawn, answered] = await Promise.all([
        data.requests.withdraw(authRequest, entry(), 1),
        data.requests.answer(authRequest, answer(true), { ...STEP, sessionLimit: 10 }),
      ]);
      const won = withdrawn === 'taken back';
      expect([withdrawn, typeof answered]).toEqual(
        won ? ['taken back', 'string'] : ['answered', 'object'],
      );
      const kept = await data.requests.get(authRequest);
      if (won) expect(kept).toMatchObject({ past: true, withdrawn: true });
      else expect(kept).toMatchObject({ answer: { approved: true } });
    }
  });

  it('changes nothing of what was answered, has expired or does not exist', async () => {
    const { data, request, insert } = await dataWithRequest();
    await data.requests.answer(request.authRequest, answer(false), STEP);
    expect(await data.requests.withdraw(request.authRequest, entry(), 1)).toBe('answered');
    const late = await insert();
    expect(await data.requests.withdraw(late.authRequest, entry(), 5 * MINUTE)).toBe('expired');
    expect(await data.requests.withdraw('none', entry(), 1)).toBeUndefined();
    expect(await data.audit.list({ limit: 10 })).toEqual([]);
  });

  it('lists the latest withdrawn requests of a user with all that they were about', async () => {
    const { data, request, insert } = await dataWithRequest({ context: 'from here' });
    const [second, third] = [await insert(1), await insert(2)];
    await insert(3);
    for (const [at, one] of [request, second, third].entries()) {
      await data.requests.withdraw(one.authRequest, entry(), 10 + at);
    }
    const listed = async (since: number, limit: number) =>
      (await data.requests.listWithdrawn('u', since, limit)).map((one) => one.authRequest);
    expect(await listed(9, 2)).toEqual([second.authRequest, third.authRequest]);
    expect(await listed(10, 5)).toEqual([second.authRequest, third.authRequest]);
    expect(await data.requests.listWithdrawn('u', 9, 5)).toMatchObject([
      { authRequest: request.authRequest, context: 'from here', withdrawnAt: 10, reported: false },
      { withdrawnAt: 11 },
      { withdrawnAt: 12 },
    ]);
    expect(await data.requests.listWithdrawn('v', 9, 5)).toEqual([]);
  });

  it('counts one report of fraud for a withdrawn request of the user', async () => {
    const { data, request, insert } = await dataWithRequest();
    const { authRequest } = request;
    const step = () => ({ now: 2, since: 0, fraud: report() });
    expect(await data.requests.reportWithdrawn(authRequest, 'u', step())).toBeUndefined();
    await data.requests.withdraw(authRequest, entry(), 1);
    expect(await data.requests.reportWithdrawn(authRequest, 'v', step())).toBeUndefined();
    const tooLate = { ...step(), since: 1 };
    expect(await data.requests.reportWithdrawn(authRequest, 'u', tooLate)).toBeUndefined();
    const results = await Promise.all(
      [1, 2, 3].map(() => data.requests.reportWithdrawn(authRequest, 'u', step())),
    );
    const counted = { reports: 1, lastAt: 2, pausedUntil: 2 + 5 * MINUTE, pausedKeys: [] };
    expect(results.filter((one) => one === 'reported')).toHaveLength(2);
    expect(results).toContainEqual(counted);
    expect(await data.fraud.get('u')).toEqual(counted);
    expect(await data.requests.listWithdrawn('u', 0, 5)).toMatchObject([{ reported: true }]);
    const other = await insert();
    await data.requests.answer(other.authRequest, answer(false), STEP);
    expect(await data.requests.reportWithdrawn(other.authRequest, 'u', step())).toBeUndefined();
  });

  it('is forgotten with its user', async () => {
    const { data, request } = await dataWithRequest();
    await data.requests.withdraw(request.authRequest, entry(), 1);
    expect(await data.users.delete('u')).toBeDefined();
    expect(await data.requests.listWithdrawn('u', 0, 5)).toEqual([]);
    const step = { now: 2, since: 0, fraud: report() };
    expect(await data.requests.reportWithdrawn(request.authRequest, 'u', step)).toBeUndefined();
  });
}
