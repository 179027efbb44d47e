import { describe, expect, it } from 'vitest';
import { KeyCopies } from '../../lib/crypto/key-copies.js';

/** Numbered copies, and jobs that end when the test says so. */
function makeCopies() {
  let made = 0;
  const running: { key: number; end: (error?: Error) => void }[] = [];
  const copies = new KeyCopies(() => made++);
  const job = (key: number) =>
    new Promise<number>((resolve, reject) => {
      running.push({ key, end: (error) => (error ? reject(error) : resolve(key)) });
    });
  return { copies, job, running, made: () => made };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('the copies of a key', () => {
  it('run one job at a time each, and further jobs in the order of their arrival', async () => {
    const { copies, job, running } = makeCopies();
    const order: number[] = [];
    const jobs = Array.from({ length: 20 }, (_, n) => copies.use(job).then(() => order.push(n)));
    await turn();
    expect(new Set(running.map(({ key }) => key)).size).toBe(8);
    expect(running).toHaveLength(8);
    for (let n = 0; n < 20; n++) {
      running[n]?.end();
      await turn();
      expect(running).toHaveLength(Math.min(8 + n + 1, 20));
    }
    await Promise.all(jobs);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it('are made only as jobs run at the same time', async () => {
    const { copies, made } = makeCopies();
    for (let n = 0; n < 5; n++) await copies.use(async () => undefined);
    expect(made()).toBe(1);
  });

  it('are free again after a job that fails', async () => {
    const { copies, job, running } = makeCopies();
    const failed = copies.use(job);
    const others = Array.from({ length: 8 }, () => copies.use(job));
    await turn();
    running[0]?.end(new Error('broken'));
    await expect(failed).rejects.toThrow('broken');
    await turn();
    expect(running.map(({ key }) => key).at(-1)).toBe(running[0]?.key);
    for (const { end } of running) end();
    await Promise.all(others);
  });

  it('are tried again when one cannot be made', async () => {
    let attempts = 0;
    const copies = new KeyCopies(async () => {
      if (attempts++ < 8) throw new Error('no memory');
      return attempts;
    });
    for (let n = 0; n < 8; n++) {
      await expect(copies.use(async (key) => key)).rejects.toThrow('no memory');
    }
    expect(await copies.use(async (key) => key)).toBe(9);
  });

  it('end the wait of a job whose signal is aborted, and only that', async () => {
    const { copies, job, running } = makeCopies();
    const first = Array.from({ length: 8 }, () => copies.use(job));
    const controller = new AbortController();
    const aborted = copies.use(job, controller.signal);
    const waiting = copies.use(job);
    await turn();
    controller.abort(new Error('the browser left'));
    await expect(aborted).rejects.toThrow('the browser left');
    await expect(copies.use(job, controller.signal)).rejects.toThrow('the browser left');
    for (const { end } of running) end();
    await turn();
    expect(running).toHaveLength(9);
    running[8]?.end();
    await Promise.all([...first, waiting]);
  });

  it('refuse a job when 10,000 wait, as an error that may be tried again', async () => {
    const { copies, job, running } = makeCopies();
    const jobs = Array.from({ length: 10_008 }, () => copies.use(job));
    await expect(copies.use(job)).rejects.toMatchObject({
      code: 'LAUNCHKEY_BUSY',
      retryable: true,
    });
    for (let ended = 0; ended < jobs.length; await turn()) {
      while (ended < running.length) running[ended++]?.end();
    }
    await Promise.all(jobs);
  });
});
