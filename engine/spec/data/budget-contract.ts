import { randomUUID } from 'node:crypto';
import { expect, it, onTestFinished } from 'vitest';
import type { Data } from '../../lib/data/data.js';
import type { Rate } from '../../lib/data/ports/rates.js';
import type { RequestRecord } from '../../lib/data/ports/requests.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEP = { sessionLimit: 50, eventLimit: 2 };

/** The contract of the budget that requests without an approval have. */
export function budgetContract(make: () => Promise<Data>): void {
  const windows = [{ requests: 1, seconds: 5 }];
  const unapproved = { free: 2, waitsMs: [MINUTE, 2 * MINUTE], perDay: 5 };

  async function asking(over: Partial<Rate> = {}) {
    const data = await make();
    onTestFinished(async () => await data.close());
    const app = { name: 'Shop', secretHash: 'hash', publicKey: 'pem', disabled: false };
    await data.apps.insert({ appKey: '1234567890', ...app, createdAt: 0 });
    await data.users.insert({ id: 'u', username: 'alice', createdAt: 0 }, 10);
    const rate: Rate = { key: 'k', windows, unapproved, ...over };
    const ask = async (createdAt: number) => {
      const request: RequestRecord = {
        authRequest: randomUUID(),
        appKey: '1234567890',
        appName: 'Shop',
        userId: 'u',
        username: 'alice',
        session: false,
        userPushId: false,
        rateKey: rate.key,
        createdAt,
        expiresAt: createdAt + 5 * MINUTE,
      };
      const inserted = await data.requests.insert(request, { open: 100, rate });
      return typeof inserted === 'object' ? inserted.waitMs : request.authRequest;
    };
    const answer = async (authRequest: string | number, approved: boolean, at: number) => {
      const record = { approved, auth: 'a', userHash: 'h', answeredAt: at };
      const step = { ...STEP, now: at, resetsRate: true };
      return await data.requests.answer(String(authRequest), record, step);
    };
    const withdraw = async (authRequest: string | number, at: number) => {
      const entry = { id: randomUUID(), at, kind: 'request.withdrawn', details: {} };
      return await data.requests.withdraw(String(authRequest), entry, at);
    };
    return { data, ask, answer, withdraw };
  }

  /** Asks at each first moment at which there is room, and returns how long each request waited. */
  async function waits(ask: (at: number) => Promise<string | number>, count: number) {
    const waited: number[] = [];
    let now = 0;
    for (let asked = 0; asked < count; asked += 1) {
      let wait = await ask(now);
      waited.push(typeof wait === 'number' ? wait : 0);
      while (typeof wait === 'number') {
        now += wait;
        wait = await ask(now);
      }
    }
    return waited;
  }

  it('makes each request after the free ones wait longer, up to the last wait', async () => {
    const { ask } = await asking();
    expect(await waits(ask, 5)).toEqual([0, 5 * SECOND, MINUTE, 2 * MINUTE, 2 * MINUTE]);
  });

  it('lets so many requests through in 24 hours, and further ones when the first is older', async () => {
    const { ask } = await asking();
    await waits(ask, 5);
    expect(await ask(HOUR)).toBe(DAY - HOUR);
    expect(await ask(DAY)).toEqual(expect.any(String));
  });

  it('keeps windows without a budget apart from all that', async () => {
    const { ask } = await asking({ unapproved: undefined });
    expect(await waits(ask, 8)).toEqual([0, ...Array(7).fill(5 * SECOND)]);
  });

  it('begins again after an approval, and not after a denial', async () => {
    const { ask, answer } = await asking();
    await ask(0);
    const second = await ask(5 * SECOND);
    await answer(second, false, 6 * SECOND);
    expect(await ask(10 * SECOND)).toBe(55 * SECOND);
    const third = await ask(65 * SECOND);
    await answer(third, true, 66 * SECOND);
    expect(await ask(66 * SECOND)).toEqual(expect.any(String));
    expect(await ask(66 * SECOND)).toBe(5 * SECOND);
  });

  it('counts a withdrawn request, but not in the window of five seconds', async () => {
    const { ask, withdraw } = await asking({
      windows: [...windows, { requests: 3, seconds: 60 }],
      unapproved: { ...unapproved, free: 4, perDay: 100 },
    });
    for (const time of [0, 1, 2]) {
      const asked = await ask(time);
      expect(await withdraw(asked, time)).toBe('taken back');
    }
    expect(await ask(3)).toBe(MINUTE - 3);
    await ask(MINUTE);
    await ask(2 * MINUTE);
    expect(await ask(2 * MINUTE + 5 * SECOND)).toBe(2 * MINUTE - 5 * SECOND);
  });

  it('cuts waits to their own length when the clock is put back, however often is asked', async () => {
    const { data, ask } = await asking();
    await ask(DAY);
    await ask(DAY + 5 * SECOND);
    expect(await ask(HOUR)).toBe(MINUTE);
    expect(await ask(HOUR + 30 * SECOND)).toBe(30 * SECOND);
    expect(await ask(HOUR + MINUTE)).toEqual(expect.any(String));
    expect(await data.rates.take('other', windows, DAY)).toBe(0);
    expect(await data.rates.take('other', windows, HOUR)).toBe(5 * SECOND);
    expect(await data.rates.take('other', windows, HOUR + 4 * SECOND)).toBe(SECOND);
    expect(await data.rates.take('other', windows, HOUR + 5 * SECOND)).toBe(0);
  });

  it('keeps the requests of the day when the clock is put back', async () => {
    const { ask } = await asking({ unapproved: { ...unapproved, free: 5 } });
    await waits(async (now) => await ask(DAY + now), 5);
    expect(await ask(HOUR)).toBe(DAY);
  });

  it('outlives a sweep while a request of the day counts', async () => {
    const { data, ask } = await asking();
    await ask(0);
    await ask(5 * SECOND);
    await data.sweep(50 * SECOND);
    expect(await ask(50 * SECOND)).toBe(15 * SECOND);
    await data.sweep(DAY + 5 * SECOND);
    expect(await waits(async (now) => await ask(DAY + 5 * SECOND + now), 2)).toEqual([
      0,
      5 * SECOND,
    ]);
  });

  it('lets one request through uncounted while the user expects a login, if there is no room', async () => {
    const { data, ask } = await asking();
    const entry = () => ({ id: randomUUID(), at: 0, kind: 'login.expected', details: {} });
    await ask(0);
    await data.users.expectLogin('u', 5 * MINUTE, entry());
    await ask(5 * SECOND);
    expect(await data.users.get('u')).toMatchObject({ loginExpectedUntil: 5 * MINUTE });
    const together = await Promise.all([ask(6 * SECOND), ask(6 * SECOND)]);
    expect(together.filter((one) => typeof one === 'string')).toHaveLength(1);
    expect(await data.users.get('u')).not.toMatchObject({ loginExpectedUntil: 5 * MINUTE });
    expect(await ask(65 * SECOND)).toEqual(expect.any(String));
    await data.users.expectLogin('none', 5 * MINUTE, entry());
    expect(await data.audit.list({ limit: 10 })).toHaveLength(1);
  });

  it('lets no request through when the time of an expected login is over or far ahead', async () => {
    const { data, ask } = await asking();
    const entry = () => ({ id: randomUUID(), at: 0, kind: 'login.expected', details: {} });
    await ask(0);
    await data.users.expectLogin('u', 1000, entry());
    expect(await ask(1000)).toBe(4000);
    // The clock was put back.
    await data.users.expectLogin('u', HOUR, entry());
    expect(await ask(1000)).toBe(4000);
  });

  it('lets no request of a known browser through because the user expects a login', async () => {
    const { data, ask } = await asking({ unapproved: undefined });
    const entry = { id: randomUUID(), at: 0, kind: 'login.expected', details: {} };
    await ask(0);
    await data.users.expectLogin('u', 5 * MINUTE, entry);
    expect(await ask(1000)).toBe(4000);
  });

  it('remembers under which keys reported requests counted, while the pause lasts', async () => {
    const { data, ask } = await asking();
    const report = async (at: number) => {
      const authRequest = String(await ask(at));
      const audit = { id: randomUUID(), at, kind: 'fraud.reported', userId: 'u', details: {} };
      const record = { approved: false, auth: 'a', userHash: 'h', answeredAt: at };
      const fraud = { pausesMs: [MINUTE], resetAfterMs: DAY, audit };
      await data.requests.answer(authRequest, record, { ...STEP, now: at, fraud });
      return (await data.users.recipient([{ username: 'alice' }]))?.fraud;
    };
    expect(await report(0)).toMatchObject({ reports: 1, pausedKeys: ['k'] });
    expect(await report(5 * SECOND)).toMatchObject({ reports: 2, pausedKeys: ['k'] });
    expect(await data.fraud.get('u')).toMatchObject({ reports: 2, pausedKeys: ['k'] });
  });
}
