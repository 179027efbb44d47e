import { setTimeout as sleep } from 'node:timers/promises';
import type { AppMethods } from './app-process.js';
import type { Child } from './child.js';
import type { EngineMethods } from './engine-process.js';
import { above } from './statistics.js';
import { IN_FLIGHT } from './throughput.js';
import { startApp, startEngine, type Way } from './world.js';

/** What so many waiting logins cost, above what the two processes cost without them. */
export interface Waiting {
  logins: number;
  /** Requests to the engine in a second. */
  requests: number;
  /** Cores busy, application and engine together. */
  cores: number;
  /** Bytes of heap for one login. */
  appHeap: number;
  engineHeap: number;
}

interface Processes {
  engine: Child<EngineMethods>;
  app: Child<AppMethods>;
}

interface Load {
  requests: number;
  cores: number;
}

const WARM_UP = { logins: 3000, inFlight: IN_FLIGHT };
/** Over how many seconds logins begin: as long as a poll is held, so that their polls spread evenly. */
const SPREAD = 25;

/**
 * Lets more and more logins wait, in two fresh processes.
 *
 * @param seconds How long the load of each number is watched: a multiple of what polls are held.
 */
export async function waiting(
  way: Pick<Way, 'variant' | 'answers' | 'longPoll' | 'reaction'>,
  numbers: readonly number[],
  seconds: number,
): Promise<Waiting[]> {
  const engine = await startEngine();
  const app = await startApp(engine, way);
  const processes = { engine, app };
  try {
    await engine.call('react', way.reaction);
    await app.call('run', WARM_UP);
    await engine.call('react', { when: 'never' });
    return await measure(processes, numbers, seconds);
  } finally {
    await app.end();
    await engine.end();
  }
}

async function measure(
  processes: Processes,
  numbers: readonly number[],
  seconds: number,
): Promise<Waiting[]> {
  // For as long as the load: over a few seconds, a single timer more or less is a visible cost.
  const idle = await watch(processes, seconds);
  const idleHeap = await heap(processes);
  const results: Waiting[] = [];
  let waiting = 0;
  for (const logins of numbers) {
    await begin(processes, waiting, logins);
    waiting = logins;
    // In this order: to collect garbage by force also throws compiled code away.
    const load = await watch(processes, seconds);
    const used = await heap(processes);
    results.push({
      logins,
      requests: load.requests,
      cores: above(load.cores, idle.cores),
      appHeap: above(used.app, idleHeap.app) / logins,
      engineHeap: above(used.engine, idleHeap.engine) / logins,
    });
  }
  return results;
}

async function begin({ engine, app }: Processes, from: number, to: number): Promise<void> {
  const pushed = (await engine.call('pushed')) + to - from;
  await app.call('begin', { from, to, seconds: SPREAD });
  while ((await engine.call('pushed')) < pushed) await sleep(100);
  // Until the first polls are held.
  await sleep(1000);
}

async function heap({ engine, app }: Processes): Promise<{ app: number; engine: number }> {
  return { app: await app.call('heap'), engine: await engine.call('heap') };
}

async function watch({ engine, app }: Processes, seconds: number): Promise<Load> {
  const requests = await engine.call('requests');
  const cpu = (await app.call('cpu')) + (await engine.call('cpu'));
  await sleep(seconds * 1000);
  return {
    requests: ((await engine.call('requests')) - requests) / seconds,
    cores: ((await app.call('cpu')) + (await engine.call('cpu')) - cpu) / 1000 / seconds,
  };
}
