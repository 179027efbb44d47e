/* The engine, in a process of its own. */
import { subscribe } from 'node:diagnostics_channel';
import { type AppCredentials, startEngine } from 'launchkey-engine';
import { serve } from './child.js';
import { Device, type Reaction } from './device.js';
import { cpu, heap } from './usage.js';

const engine = await startEngine({ rateLimit: false });
const device = await Device.watch(engine);
let requests = 0;
subscribe('http.server.request.start', () => {
  requests += 1;
});

const methods = {
  url: () => `${engine.url}/v1`,
  createUsers: async (count: number) => {
    for (let n = 0; n < count; n++) await engine.createUser(`user${n}`);
  },
  createApp: (callbackUrl: string | undefined): Promise<AppCredentials> =>
    engine.createApp({ name: 'Bench', callbackUrl }),
  react: (reaction: Reaction) => {
    device.reaction = reaction;
  },
  /** When each auth request was approved, since this was last asked. */
  takeApprovals: () => {
    const approvals = [...device.approvals];
    device.approvals.clear();
    return approvals;
  },
  pushed: () => device.pushed,
  requests: () => requests,
  cpu,
  heap,
};
export type EngineMethods = typeof methods;

serve(methods);
