import { afterEach, describe, expect, it, vi } from 'vitest';
import { sleep, startTimer, withTimeout } from '../../lib/util/timers.js';

afterEach(() => vi.unstubAllGlobals());

/** Makes timers numbers, as they are under jsdom. */
function useBrowserTimers(): void {
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const timers = new Map<number, NodeJS.Timeout>();
  vi.stubGlobal('setTimeout', (action: () => void, ms: number) => {
    const id = timers.size + 1;
    timers.set(id, set(action, ms));
    return id;
  });
  vi.stubGlobal('clearTimeout', (id: number) => clear(timers.get(id)));
}

describe.each([
  ['of Node.js', () => {}],
  ['of a browser', useBrowserTimers],
])('the timers %s', (_whose, prepare) => {
  it('call their action once, and not after they were stopped', async () => {
    prepare();
    const action = vi.fn();
    const stopped = vi.fn();
    const stop = startTimer(stopped, 1);
    stop();
    await new Promise<void>((resolve) => {
      startTimer(() => {
        action();
        resolve();
      }, 1);
    });
    await sleep(5);
    expect(action).toHaveBeenCalledOnce();
    expect(stopped).not.toHaveBeenCalled();
    stop();
  });

  it('limit the time of a promise', async () => {
    prepare();
    const never = new Promise<never>(() => {});
    expect(await withTimeout(Promise.resolve('done'), 60_000, () => 'late')).toBe('done');
    expect(await withTimeout(never, 1, () => 'late')).toBe('late');
    const error = new Error('late');
    await expect(
      withTimeout(never, 1, () => {
        throw error;
      }),
    ).rejects.toBe(error);
    await expect(withTimeout(Promise.reject(error), 60_000, () => 'late')).rejects.toBe(error);
  });
});
