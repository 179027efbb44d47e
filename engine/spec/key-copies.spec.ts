import { describe, expect, it } from 'vitest';
import { KeyCopies } from '../lib/crypto/key-copies.js';

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the copies of a private key of the engine', () => {
  it('run one job at a time each, and further jobs in the order of their arrival', async () => {
    let made = 0;
    const running: { key: number; end: () => void }[] = [];
    const copies = new KeyCopies(() => made++);
    const order: number[] = [];
    const jobs = Array.from({ length: 20 }, async (_, n) => {
      await copies.use((key) => new Promise<void>((end) => running.push({ key, end })));
      order.push(n);
    });
    await turn();
    expect(new Set(running.map(({ key }) => key)).size).toBe(8);
    for (let n = 0; n < 20; n++) {
      expect(running).toHaveLength(Math.min(8 + n, 20));
      running[n]?.end();
      await turn();
    }
    await Promise.all(jobs);
    expect(made).toBe(8);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it('are free again after a job that fails', async () => {
    const copies = new KeyCopies(() => 'key');
    for (let n = 0; n < 10; n++) {
      await expect(copies.use(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    }
    expect(await copies.use(async (key) => key)).toBe('key');
  });
});
