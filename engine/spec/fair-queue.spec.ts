import { describe, expect, it } from 'vitest';
import { FairQueue } from '../lib/util/fair-queue.js';

const LIMITS = {
  maxRunning: 4,
  maxRunningPerOwner: 2,
  maxRunningPerTarget: 3,
  maxWaiting: 6,
  maxWaitingPerOwner: 4,
};

/** A queue whose jobs run until they are ended by name, and the names of those that have started. */
function held() {
  const queue = new FairQueue(LIMITS);
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const add = (owner: string, target: string) => {
    const name = `${owner}@${target}`;
    return queue.add({ owner, target }, async () => {
      started.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
    });
  };
  const end = async (name: string) => {
    ends.get(name)?.();
    await new Promise(setImmediate);
  };
  return { add, end, started };
}

describe('a queue of jobs', () => {
  it('leaves room for others when one owner names a new target for each job', () => {
    const { add, started } = held();
    for (const target of ['a', 'b', 'c', 'd']) add('mallory', target);
    add('alice', 'e');
    expect(started).toEqual(['mallory@a', 'mallory@b', 'alice@e']);
  });

  it('leaves room for other targets when one target is slow', () => {
    const { add, started } = held();
    for (const owner of ['a', 'b', 'c', 'd']) add(owner, 'slow');
    add('d', 'quick');
    expect(started).toEqual(['a@slow', 'b@slow', 'c@slow', 'd@quick']);
  });

  it('starts all waiting jobs that have room, one owner after the other', async () => {
    const { add, end, started } = held();
    for (const target of ['t', 'u', 'v', 'w']) add('mallory', target);
    for (const target of ['v', 'w', 'x']) add('alice', target);
    expect(started).toEqual(['mallory@t', 'mallory@u', 'alice@v', 'alice@w']);
    await end('mallory@t');
    await end('alice@v');
    expect(started.slice(4)).toEqual(['mallory@v', 'alice@x']);
  });

  it('refuses jobs that exceed the limits of those that wait', () => {
    const { add } = held();
    const added = Array.from({ length: 7 }, (_, i) => add('mallory', `t${i}`));
    expect(added).toEqual([true, true, true, true, true, true, false]);
    expect(Array.from({ length: 5 }, (_, i) => add('alice', `t${i}`))).toEqual([
      true,
      true,
      true,
      true,
      false,
    ]);
  });
});
