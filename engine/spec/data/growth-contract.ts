import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import type { Data } from '../../lib/data/data.js';
import type { RequestRecord } from '../../lib/data/ports/requests.js';
import { RETENTION } from '../../lib/data/retention.js';
import { receiptOf } from '../support/records.js';

const DAY = 24 * 3_600_000;
const APP = '1234567890';

/** The contract of what is kept for how long, and of the reader of the audit trail. */
export function growthContract(make: () => Promise<Data>): void {
  async function filled() {
    const data = await make();
    onTestFinished(async () => await data.close());
    const app = { appKey: APP, name: 'Shop', secretHash: '', publicKey: '', disabled: false };
    await data.apps.insert({ ...app, createdAt: 0 });
    await data.users.insert({ id: 'u', username: 'alice', createdAt: 0 }, 10);
    return data;
  }

  /** An approved login with its session, receipt and entry in the trail. */
  async function logIn(data: Data, authRequest: string, now: number): Promise<void> {
    const request: RequestRecord = {
      authRequest,
      appKey: APP,
      appName: 'Shop',
      userId: 'u',
      username: 'alice',
      context: `Transfer 500 EUR to ${authRequest}`,
      session: true,
      userPushId: false,
      createdAt: now,
      expiresAt: now + 300_000,
    };
    await data.requests.insert(request, { open: 10 });
    const answer = { approved: true, auth: 'auth', userHash: 'hash', answeredAt: now };
    await data.requests.answer(authRequest, answer, {
      now,
      sessionLimit: 100,
      eventLimit: 10,
      receipt: { ...receiptOf(request), at: now },
      audit: entry({ at: now }),
    });
  }

  function entry(over: object = {}) {
    return { id: randomUUID(), at: 0, kind: 'request.approved', userId: 'u', details: {}, ...over };
  }

  it('keeps receipts, the audit trail and sessions for as long as the retention says', async () => {
    const data = await filled();
    const retention = { receipts: 30 * DAY, audit: 20 * DAY, sessions: 10 * DAY };
    for (const day of [0, 15, 25, 35]) await logIn(data, `day ${day}`, day * DAY);
    await data.sweep(40 * DAY, retention);
    const kept = async (authRequest: string) => [
      (await data.receipts.get(authRequest)) !== undefined,
      (await data.sessions.get(authRequest)) !== undefined,
    ];
    expect(await kept('day 0')).toEqual([false, false]);
    expect(await kept('day 15')).toEqual([true, false]);
    expect(await kept('day 25')).toEqual([true, false]);
    expect(await kept('day 35')).toEqual([true, true]);
    const trail = await data.audit.list({ limit: 10 });
    expect(trail.map(({ at }) => at / DAY)).toEqual([35, 25]);
    expect(await data.requests.get('day 25')).toMatchObject({ past: true, hadSession: true });
    expect(RETENTION).toEqual({ receipts: 400 * DAY, audit: 400 * DAY, sessions: 90 * DAY });
  });

  it('deletes in batches, and goes on without waiting for the next interval', async () => {
    const data = await filled();
    for (let i = 0; i < 25; i += 1) {
      await Promise.all(Array.from({ length: 100 }, () => data.audit.insert(entry())));
    }
    await data.audit.insert(entry({ at: 399 * DAY }));
    let sweeps = 0;
    while ((await data.audit.list({ limit: 10_000 })).length > 1) {
      expect(sweeps).toBeLessThan(5);
      await data.sweep(400 * DAY + 1);
      sweeps += 1;
    }
  });

  it('finds the entries of users, of times, and before and after others', async () => {
    const data = await filled();
    for (const at of [1, 2, 3, 4]) await data.audit.insert(entry({ at, userId: `u${at % 2}` }));
    const times = async (filter: object) =>
      (await data.audit.list({ limit: 10, ...filter })).map(({ at }) => at);
    const [four, three, two] = await data.audit.list({ limit: 10 });
    expect(await times({})).toEqual([4, 3, 2, 1]);
    expect(await times({ userIds: ['u1', 'u5'] })).toEqual([3, 1]);
    expect(await times({ since: 2, until: 4 })).toEqual([3, 2]);
    expect(await times({ before: three?.seq })).toEqual([2, 1]);
    expect(await times({ after: two?.seq })).toEqual([3, 4]);
    expect(await times({ after: four?.seq })).toEqual([]);
    expect(await times({ after: 0, limit: 2 })).toEqual([1, 2]);
  });

  it('loses no entry and repeats none while others are written', async () => {
    const data = await filled();
    const ids = Array.from({ length: 200 }, () => randomUUID());
    const writing = Promise.all(ids.map((id) => data.audit.insert(entry({ id }))));
    const read: string[] = [];
    let after = 0;
    let written = false;
    void writing.then(() => {
      written = true;
    });
    for (;;) {
      const last = written;
      const page = await data.audit.list({ after, limit: 7 });
      read.push(...page.map(({ id }) => id));
      after = page.at(-1)?.seq ?? after;
      if (last && page.length === 0) break;
    }
    expect(read).toHaveLength(200);
    expect(new Set(read)).toEqual(new Set(ids));
  });

  it('knows which users of a name were deleted', async () => {
    const data = await filled();
    for (const userId of ['first', 'second']) {
      await data.audit.insert(
        entry({ kind: 'user.deleted', userId, details: { username: 'bob' } }),
      );
    }
    const other = { kind: 'user.deleted', userId: 'other', details: { username: 'carol' } };
    await data.audit.insert(entry(other));
    expect((await data.audit.deletedUserIds(['bob'])).sort()).toEqual(['first', 'second']);
    expect(await data.audit.deletedUserIds(['alice'])).toEqual([]);
  });

  it('lists the receipts of a user, newest first', async () => {
    const data = await filled();
    for (const day of [1, 2, 3]) await logIn(data, `day ${day}`, day * DAY);
    const receipts = await data.receipts.list('u', 2);
    expect(receipts.map(({ authRequest }) => authRequest)).toEqual(['day 3', 'day 2']);
    expect(await data.receipts.list('other', 2)).toEqual([]);
  });
}
