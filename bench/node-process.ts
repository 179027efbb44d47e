/* An engine that keeps its data somewhere, in a process of its own. */
import {
  type AppCredentials,
  type Engine,
  type EngineOptions,
  startEngine,
} from 'launchkey-engine';
import { serve } from './child.js';
import { fillDatabase, fillMemory, type Population } from './fill.js';
import { cpu, heap } from './usage.js';

/** Where the data is, and who is in it when the engine starts; a second node finds them there. */
export interface NodeOptions
  extends Pick<EngineOptions, 'data' | 'databaseUrl' | 'key' | 'rateLimit'> {
  population?: Population;
}

let engine: Engine;

const methods = {
  /** Starts the engine and says where it is. */
  start: async ({ population, ...where }: NodeOptions) => {
    const options = {
      rateLimit: false,
      virtualDevices: true,
      ...where,
      requestTtl: 3_600_000,
    } as const;
    const inMemory = where.data === undefined && where.databaseUrl === undefined;
    if (population && !inMemory) await fillDatabase(where, population);
    const filling = population && inMemory ? fillMemory(population) : undefined;
    engine = await startEngine(options);
    await filling;
    return engine.url;
  },
  createApp: (callbackUrl: string | undefined): Promise<AppCredentials> =>
    engine.createApp({ name: 'Bench', callbackUrl }),
  cpu,
  /** Bytes of JavaScript heap in use, and of memory resident, after all that is garbage has gone. */
  memory: async () => ({ heap: await heap(), resident: process.memoryUsage.rss() }),
  close: () => engine.close(),
};
export type NodeMethods = typeof methods;

serve(methods);
