import type { AppMethods, EventLoopDelay } from './app-process.js';
import type { BrowsersMethods } from './browsers-process.js';
import type { Child } from './child.js';
import type { EngineMethods } from './engine-process.js';
import type { Way } from './world.js';

/** How many logins are under way at one time. */
export const IN_FLIGHT = 64;

/** One round of logins. */
export interface Throughput {
  loginsPerSecond: number;
  /** CPU of the application for one login, in milliseconds. */
  appCpu: number;
  /** CPU of the engine for one login, in milliseconds. */
  engineCpu: number;
  /** Private-key operations of the application for one login. */
  privateKeyOperations: number;
  eventLoop: EventLoopDelay;
}

/** Logs in as fast as it goes: directly, or through Express if there are browsers. */
export async function throughput(
  engine: Child<EngineMethods>,
  app: Child<AppMethods>,
  { reaction, logins }: Pick<Way, 'reaction' | 'logins'>,
  browsers?: Child<BrowsersMethods>,
): Promise<Throughput> {
  await engine.call('react', reaction);
  const load = { logins, inFlight: IN_FLIGHT };
  const url = await app.call('url');
  const operations = await app.call('privateKeyOperations');
  await app.call('watchEventLoop');
  const appCpu = await app.call('cpu');
  const engineCpu = await engine.call('cpu');
  const milliseconds = browsers
    ? await browsers.call('run', { url, ...load })
    : await app.call('run', load);
  const result = {
    loginsPerSecond: (logins / milliseconds) * 1000,
    appCpu: ((await app.call('cpu')) - appCpu) / logins,
    engineCpu: ((await engine.call('cpu')) - engineCpu) / logins,
    privateKeyOperations: ((await app.call('privateKeyOperations')) - operations) / logins,
    eventLoop: await app.call('eventLoopDelay'),
  };
  await app.call('takeLogins');
  await engine.call('takeApprovals');
  return result;
}
