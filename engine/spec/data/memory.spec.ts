import { describe, expect, it } from 'vitest';
import { MemoryData } from '../../lib/data/memory/data.js';
import { MemoryDeliveries } from '../../lib/data/memory/deliveries.js';
import { MemoryRates } from '../../lib/data/memory/rates.js';
import type { DeliveryRecord } from '../../lib/data/ports/deliveries.js';
import type { RequestRecord } from '../../lib/data/ports/requests.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const APP = '1234567890';

describe('rates in memory', () => {
  it('keep the times that the longest window covers', async () => {
    const rates = new MemoryRates();
    const windows = [{ requests: 1, seconds: 2 * 3600 }];
    expect(await rates.take('alice', windows, 0)).toBe(0);
    rates.sweep(HOUR + MINUTE);
    expect(await rates.take('alice', windows, HOUR + MINUTE)).toBe(HOUR - MINUTE);
    rates.sweep(2 * HOUR);
    expect(await rates.take('alice', windows, 2 * HOUR)).toBe(0);
  });

  it('wait no longer than the window after the clock was put back', async () => {
    const rates = new MemoryRates();
    const windows = [{ requests: 1, seconds: 5 }];
    expect(await rates.take('alice', windows, HOUR)).toBe(0);
    expect(await rates.take('alice', windows, 1000)).toBe(5000);
    expect(await rates.take('alice', windows, 5999)).toBe(1);
    expect(await rates.take('alice', windows, 6000)).toBe(0);
  });
});

describe('auth requests in memory', () => {
  const request = (authRequest: string, createdAt: number): RequestRecord => ({
    authRequest,
    appKey: APP,
    appName: 'Shop',
    userId: 'alice',
    username: 'alice',
    session: true,
    userPushId: false,
    createdAt,
    expiresAt: createdAt + 5 * MINUTE,
  });
  const past = { past: true, appKey: APP, hadSession: false };

  it('expire in time after the clock was ahead for a while', async () => {
    const data = new MemoryData();
    const app = { name: 'Shop', secretHash: '', publicKey: '', disabled: false, createdAt: 0 };
    await data.apps.insert({ appKey: APP, ...app });
    await data.users.insert({ id: 'alice', username: 'alice', createdAt: 0 }, 1);
    await data.requests.insert(request('ahead', 24 * HOUR), { open: 100 });
    await data.requests.insert(request('first', 0), { open: 100 });
    await data.requests.insert(request('second', MINUTE), { open: 100 });
    await data.sweep(5 * MINUTE);
    expect(await data.requests.get('first')).toMatchObject(past);
    expect(await data.requests.get('second')).not.toHaveProperty('past');
    await data.sweep(6 * MINUTE);
    expect(await data.requests.get('second')).toMatchObject(past);
    expect(await data.requests.get('ahead')).not.toHaveProperty('past');
    await data.sweep(25 * HOUR);
    expect(await data.requests.get('ahead')).toMatchObject(past);
    expect(await data.requests.get('first')).toBeUndefined();
  });
});

describe('deliveries in memory', () => {
  const make = () => new MemoryDeliveries({ apps: new Map(), users: new Map() });
  const delivery = (id: string, kind: DeliveryRecord['kind'], userId = 'alice') => ({
    id,
    kind,
    appKey: APP,
    userId,
    callbackUrl: 'https://shop.example.com/',
    parameters: {},
    eventTime: 0,
    createdAt: 0,
    attempts: 0,
    nextAttemptAt: 0,
    giveUpAt: HOUR,
  });
  const claim = async (deliveries: MemoryDeliveries, perApp = 10) =>
    (await deliveries.claim(0, 10, perApp)).map(({ id }) => id);

  it('limit the answers of each application and accept every logout', async () => {
    const deliveries = make();
    expect(deliveries.add(delivery('a', 'answer'), 1)).toBe(true);
    expect(deliveries.add(delivery('b', 'answer'), 1)).toBe(false);
    expect(deliveries.add({ ...delivery('c', 'answer'), appKey: '2' }, 1)).toBe(true);
    expect(deliveries.add(delivery('d', 'logout'), 1)).toBe(true);
    expect(await claim(deliveries)).toEqual(['a', 'c', 'd']);
  });

  it('keep the last logout of each user and application only', async () => {
    const deliveries = make();
    for (const id of ['a', 'b']) deliveries.add(delivery(id, 'logout'), 10);
    deliveries.add(delivery('other', 'logout', 'bob'), 10);
    expect(await claim(deliveries)).toEqual(['b', 'other']);
    deliveries.add(delivery('c', 'logout'), 10);
    await deliveries.reschedule('b', { attempts: 1, nextAttemptAt: 0, eventTime: 0 });
    expect(await claim(deliveries)).toEqual(['c']);
    expect(await deliveries.count()).toBe(2);
  });

  it('have no more than the limit of one application claimed at once', async () => {
    const deliveries = make();
    for (const id of ['a', 'b', 'c']) deliveries.add(delivery(id, 'answer'), 10);
    deliveries.add({ ...delivery('other', 'answer'), appKey: '2' }, 10);
    expect(await claim(deliveries, 2)).toEqual(['a', 'b', 'other']);
    expect(await claim(deliveries, 2)).toEqual([]);
    await deliveries.delete('a');
    expect(await claim(deliveries, 2)).toEqual(['c']);
  });
});
