import type { AppMethods } from './app-process.js';
import type { Child } from './child.js';
import type { EngineMethods } from './engine-process.js';
import { quantile } from './statistics.js';
import { IN_FLIGHT } from './throughput.js';

/** From the approval on the device to the call of Passport's `success`, in milliseconds. */
export interface Latency {
  p50: number;
  p99: number;
}

/** How long users take to answer, in milliseconds. With 64 logins under way, some 160 end a second. */
const THINKING = { from: 200, to: 600 };

/** The latency while as many logins are under way as ever, each waiting for its user. */
export async function latency(
  engine: Child<EngineMethods>,
  app: Child<AppMethods>,
  logins: number,
): Promise<Latency> {
  await engine.call('react', { when: 'pushed', ...THINKING });
  await app.call('run', { logins, inFlight: IN_FLIGHT });
  const approvals = new Map(await engine.call('takeApprovals'));
  const took = (await app.call('takeLogins')).map(
    ([authRequest, at]) => at - (approvals.get(authRequest) ?? Number.NaN),
  );
  took.sort((a, b) => a - b);
  return { p50: quantile(took, 0.5), p99: quantile(took, 0.99) };
}
