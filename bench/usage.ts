import { setTimeout as sleep } from 'node:timers/promises';

/** The CPU time that this process has taken so far, all its threads together, in milliseconds. */
export function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The bytes of JavaScript heap in use after all that is garbage has gone. Needs `--expose-gc`. */
export async function heap(): Promise<number> {
  // What is finalized in one collection is freed by the next.
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await sleep(50);
  }
  return process.memoryUsage().heapUsed;
}

/** A moment on a clock that all processes of the machine share, in milliseconds. */
export function moment(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
