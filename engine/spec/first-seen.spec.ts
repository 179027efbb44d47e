import { describe, expect, it } from 'vitest';
import { FirstSeen } from '../lib/domain/first-seen.js';
import { Stamps } from '../lib/domain/stamps.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** A clock that only the test moves. */
function world(limit?: number) {
  const time = { now: DAY };
  const firstSeen = new FirstSeen(() => time.now, limit);
  const stamps = new Stamps(() => time.now, firstSeen);
  const see = (name: string, stamped: number) => {
    const envelope = { name, stamped };
    if (stamps.refuse(envelope, { strict: false })) return 'refused';
    stamps.note(envelope);
    return 'taken';
  };
  return { time, firstSeen, stamps, see };
}

describe('the memory of envelopes that are stamped far ahead', () => {
  it('holds 200,000 of them: the oldest drops out and counts as new, and none is refused', () => {
    const { time, firstSeen, see } = world();
    const stamped = time.now + 30 * DAY;
    const seen = new Set<string>();
    for (let one = 0; one < 200_000; one += 1) seen.add(see(`envelope ${one}`, stamped));
    expect([...seen]).toEqual(['taken']);
    expect(firstSeen.size).toBe(200_000);
    time.now += 5 * MINUTE;
    expect(see('envelope 0', stamped)).toBe('refused');
    expect(see('envelope 200000', stamped)).toBe('taken');
    expect(firstSeen.size).toBe(200_000);
    expect(see('envelope 0', stamped)).toBe('taken');
    expect(see('envelope 2', stamped)).toBe('refused');
    expect(see('envelope 199999', stamped)).toBe('refused');
  });

  it('holds none that its stamp bounds', () => {
    const { time, firstSeen, see } = world();
    expect(see('near', time.now + 5 * MINUTE)).toBe('taken');
    expect(firstSeen.size).toBe(0);
    expect(see('far', time.now + 5 * MINUTE + 1)).toBe('taken');
    expect(firstSeen.size).toBe(1);
  });

  it('counts from the first time, however often an envelope comes', () => {
    const { time, see } = world();
    const stamped = time.now + DAY;
    for (let minute = 0; minute < 5; minute += 1) {
      expect(see('one', stamped)).toBe('taken');
      time.now += MINUTE;
    }
    expect(see('one', stamped)).toBe('refused');
  });

  it('keeps an envelope its age where the clock is put back', () => {
    const { time, stamps, see } = world();
    const stamped = time.now + 2 * DAY;
    expect(see('one', stamped)).toBe('taken');
    time.now += 4 * MINUTE;
    stamps.count();
    time.now -= DAY;
    stamps.count();
    expect(see('one', stamped)).toBe('taken');
    time.now += MINUTE;
    expect(see('one', stamped)).toBe('refused');
    time.now -= DAY / 2;
    expect(see('one', stamped)).toBe('refused');
  });

  it('takes new envelopes of the time before the clock was put back', () => {
    const { time, see } = world();
    const stamped = time.now;
    time.now -= 10 * MINUTE;
    expect(see('one', stamped)).toBe('taken');
    time.now += 4 * MINUTE;
    expect(see('one', stamped)).toBe('taken');
    expect(see('another', stamped)).toBe('taken');
  });
});
