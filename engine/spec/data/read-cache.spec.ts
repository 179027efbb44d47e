import { expect, it } from 'vitest';
import { ReadCache } from '../../lib/data/read-cache.js';

/** A record that is read and written when the test says so. */
function record() {
  const cache = new ReadCache<string>(10);
  const reads: ((value: string | undefined) => void)[] = [];
  const read = () => cache.read('key', () => new Promise((resolve) => reads.push(resolve)));
  return { cache, reads, read };
}

it('reads a record once, also for callers at the same time', async () => {
  const { reads, read } = record();
  const both = [read(), read()];
  reads[0]?.('a');
  expect(await Promise.all(both)).toEqual(['a', 'a']);
  expect(await read()).toBe('a');
  expect(reads).toHaveLength(1);
});

it('reads a record again that did not exist', async () => {
  const { reads, read } = record();
  const first = read();
  reads[0]?.(undefined);
  expect(await first).toBeUndefined();
  const second = read();
  reads[1]?.('a');
  expect(await second).toBe('a');
});

it('reads a record again after a write of its key or of all', async () => {
  const { cache, reads, read } = record();
  const expectRead = async (value: string) => {
    const reading = read();
    reads.at(-1)?.(value);
    expect(await reading).toBe(value);
  };
  await expectRead('a');
  await cache.write(async () => {}, ['other']);
  expect(await read()).toBe('a');
  await cache.write(async () => {}, ['key']);
  await expectRead('b');
  await cache.write(async () => {});
  await expectRead('c');
  const failing = cache.write(async () => {
    throw new Error('refused');
  });
  await expect(failing).rejects.toThrow('refused');
  await expectRead('d');
});

it('does not remember a read that a write has overtaken', async () => {
  const { cache, reads, read } = record();
  const early = read();
  let commit = () => {};
  const writing = cache.write(
    () =>
      new Promise<void>((resolve) => {
        commit = resolve;
      }),
    ['key'],
  );
  const during = read();
  reads[0]?.('old');
  expect(await early).toBe('old');
  commit();
  await writing;
  reads[1]?.('old');
  expect(await during).toBe('old');
  const after = read();
  reads[2]?.('new');
  expect(await after).toBe('new');
  expect(await read()).toBe('new');
});

it('does not let a caller after a write share a read from before it', async () => {
  const { cache, reads, read } = record();
  const before = read();
  await cache.write(async () => {}, ['key']);
  const after = read();
  expect(reads).toHaveLength(2);
  reads[0]?.('old');
  reads[1]?.('new');
  expect(await Promise.all([before, after])).toEqual(['old', 'new']);
  expect(await read()).toBe('new');
});

it('reads a record again that a full cache has forgotten', async () => {
  const cache = new ReadCache<number>(1);
  let loads = 0;
  const read = (key: string) => cache.read(key, async () => ++loads);
  expect([await read('a'), await read('a'), await read('b'), await read('a')]).toEqual([
    1, 1, 2, 3,
  ]);
});

it('reads a record again each time that it is not to be kept', async () => {
  const cache = new ReadCache<string>(10);
  let loads = 0;
  const read = () =>
    cache.read(
      'key',
      async () => `load ${++loads}`,
      (value) => value !== 'load 1',
    );
  expect(await Promise.all([read(), read()])).toEqual(['load 1', 'load 1']);
  expect([await read(), await read()]).toEqual(['load 2', 'load 2']);
});

it('remembers what another read returns, unless a write has overtaken it', async () => {
  const { cache, reads, read } = record();
  const learn = async (value: string, meanwhile = async () => {}) =>
    await cache.learn(
      async () => {
        await meanwhile();
        return value;
      },
      (result) => [['key', result]],
    );
  expect(await learn('a')).toBe('a');
  expect(await read()).toBe('a');
  expect(await learn('b', () => cache.write(async () => {}, ['key']))).toBe('b');
  const reading = read();
  reads[0]?.('c');
  expect(await reading).toBe('c');
});

it('remembers a record that was inserted, unless another write of it has begun', async () => {
  const { cache, reads, read } = record();
  const expectRead = async (value: string) => {
    const reading = read();
    reads.at(-1)?.(value);
    expect(await reading).toBe(value);
  };
  await cache.insert(async () => true, 'key', 'a');
  expect(await read()).toBe('a');
  await cache.insert(async () => false, 'key', 'b');
  await expectRead('c');
  for (const keys of [['key'], []]) {
    await cache.insert(
      async () => {
        await cache.write(async () => {}, keys);
        return true;
      },
      'key',
      'd',
    );
    await expectRead('e');
  }
  const failing = cache.insert(
    async () => {
      throw new Error('refused');
    },
    'key',
    'f',
  );
  await expect(failing).rejects.toThrow('refused');
  await expectRead('g');
});
