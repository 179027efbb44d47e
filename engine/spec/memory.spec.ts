import { describe, expect, it } from 'vitest';
import { MemoryDeliveries } from '../lib/data/memory/deliveries.js';
import { MemoryRates } from '../lib/data/memory/rates.js';
import { MemoryRequests } from '../lib/data/memory/requests.js';
import type { DeliveryRecord, RequestRecord } from '../lib/data/records.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

describe('rates', () => {
  it('are kept for as long as the longest window looks back', () => {
    const rates = new MemoryRates();
    const windows = [{ requests: 1, seconds: 2 * 3600 }];
    expect(rates.take('alice', windows, 0)).toBe(0);
    rates.sweep(HOUR + MINUTE);
    expect(rates.take('alice', windows, HOUR + MINUTE)).toBe(HOUR - MINUTE);
    rates.sweep(2 * HOUR);
    expect(rates.take('alice', windows, 2 * HOUR)).toBe(0);
  });

  it('of a clock that was put back make nobody wait longer than the window', () => {
    const rates = new MemoryRates();
    const windows = [{ requests: 1, seconds: 5 }];
    expect(rates.take('alice', windows, HOUR)).toBe(0);
    expect(rates.take('alice', windows, 1000)).toBe(5000);
    expect(rates.take('alice', windows, 5999)).toBe(1);
    expect(rates.take('alice', windows, 6000)).toBe(0);
  });
});

describe('auth requests', () => {
  const request = (authRequest: string, createdAt: number): RequestRecord => ({
    authRequest,
    appKey: '1234567890',
    appName: 'Shop',
    userId: 'alice',
    username: 'alice',
    session: true,
    userPushId: false,
    createdAt,
    expiresAt: createdAt + 5 * MINUTE,
  });
  const past = { past: true, appKey: '1234567890', hadSession: false };

  it('are forgotten in time also when the clock was ahead for a while', () => {
    const requests = new MemoryRequests();
    requests.insert(request('ahead', 24 * HOUR), 100);
    requests.insert(request('first', 0), 100);
    requests.insert(request('second', MINUTE), 100);
    requests.sweep(5 * MINUTE);
    expect(requests.get('first')).toMatchObject(past);
    expect(requests.get('second')).not.toHaveProperty('past');
    requests.sweep(6 * MINUTE);
    expect(requests.get('second')).toMatchObject(past);
    expect(requests.get('ahead')).not.toHaveProperty('past');
    requests.sweep(25 * HOUR);
    expect(requests.get('ahead')).toMatchObject(past);
    expect(requests.get('first')).toBeUndefined();
  });
});

describe('deliveries', () => {
  const delivery = (id: string, kind: DeliveryRecord['kind'], userId = 'alice') => ({
    id,
    kind,
    appKey: '1234567890',
    userId,
    callbackUrl: 'https://shop.example.com/',
    parameters: {},
    eventTime: 0,
    createdAt: 0,
    attempts: 0,
    nextAttemptAt: 0,
    giveUpAt: HOUR,
  });
  const claim = (deliveries: MemoryDeliveries, perApp = 10) =>
    deliveries.claim(0, 10, perApp, () => false).map(({ id }) => id);

  it('of answers are bounded for each application; a logout is always taken', () => {
    const deliveries = new MemoryDeliveries();
    expect(deliveries.insert(delivery('a', 'answer'), 1)).toBe(true);
    expect(deliveries.insert(delivery('b', 'answer'), 1)).toBe(false);
    expect(deliveries.insert({ ...delivery('c', 'answer'), appKey: '2' }, 1)).toBe(true);
    expect(deliveries.insert(delivery('d', 'logout'), 1)).toBe(true);
    expect(claim(deliveries)).toEqual(['a', 'c', 'd']);
  });

  it('hold one logout for each user and application: the last one', () => {
    const deliveries = new MemoryDeliveries();
    for (const id of ['a', 'b']) deliveries.insert(delivery(id, 'logout'), 10);
    deliveries.insert(delivery('other', 'logout', 'bob'), 10);
    expect(claim(deliveries)).toEqual(['b', 'other']);
    deliveries.insert(delivery('c', 'logout'), 10);
    deliveries.reschedule('b', { attempts: 1, nextAttemptAt: 0, eventTime: 0 });
    expect(claim(deliveries)).toEqual(['c']);
    expect(deliveries.size).toBe(2);
  });

  it('of one application take no more than their part of what is under way', () => {
    const deliveries = new MemoryDeliveries();
    for (const id of ['a', 'b', 'c']) deliveries.insert(delivery(id, 'answer'), 10);
    deliveries.insert({ ...delivery('other', 'answer'), appKey: '2' }, 10);
    expect(claim(deliveries, 2)).toEqual(['a', 'b', 'other']);
    expect(claim(deliveries, 2)).toEqual([]);
    deliveries.delete('a');
    expect(claim(deliveries, 2)).toEqual(['c']);
  });
});
