import { Child } from './child.js';
import { type HeldLatency, heldLatency } from './held-latency.js';
import { type HeldMemory, heldMemory } from './held-memory.js';
import type { LoadMethods } from './load-process.js';
import { Places } from './places.js';
import { type Rates, rates, startAll } from './rates.js';

/** What an engine does that keeps its data: by call, with polls held, and as it grows. */
export interface Durable {
  sizes: readonly [number, number];
  rates: Rates[];
  latency: HeldLatency[];
  memory: HeldMemory;
}

/** Measures the engine alone, with its data in memory, in SQLite and in PostgreSQL. */
export async function durable(quick: boolean): Promise<Durable> {
  const sizes = [1000, 10_000] as const;
  const places = await Places.open();
  const load = new Child<LoadMethods>('load-process');
  try {
    const devices = await load.call('makeDevices', sizes[0]);
    const engines = await startAll(places, load, devices, sizes);
    const measured = await rates(
      engines,
      load,
      quick ? { rounds: 2, calls: 50 } : { rounds: 5, calls: 200 },
    );
    const latency = await heldLatency(
      places,
      engines,
      load,
      quick ? { rounds: 1, answers: 40 } : { rounds: 3, answers: 100 },
    );
    for (const { node } of engines) await places.stop(node);
    const memory = await heldMemory(places, load, devices, quick ? 2000 : 10_000);
    return { sizes, rates: measured, latency, memory };
  } finally {
    await load.end();
    await places.close();
  }
}
