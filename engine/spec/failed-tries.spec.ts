import { expect, it } from 'vitest';
import { FailedTries } from '../lib/domain/failed-tries.js';

const HOUR = 3_600_000;

it('counts a minute from when the clock was put back, however often the wait is read', () => {
  let now = 2 * HOUR;
  const tries = new FailedTries(() => now, { allowed: 1 });
  tries.fail('203.0.113.7');
  now = HOUR;
  expect(tries.wait('203.0.113.7')).toBe(60_000);
  now += 59_000;
  expect(tries.wait('203.0.113.7')).toBe(1000);
  now += 1000;
  expect(tries.wait('203.0.113.7')).toBe(0);
});
