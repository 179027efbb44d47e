import type { AppCredentials } from 'launchkey-engine';
import type { Child } from './child.js';
import type { DeviceKey } from './fill.js';
import type { LoadMethods } from './load-process.js';
import type { Node, Place, Places } from './places.js';
import { say } from './say.js';

/** What an engine does, as it is timed. */
export const CALLS = [
  'authorize',
  'poll, not answered yet',
  'answer by a paired device',
  'poll, answered',
  'answer, and its event delivered',
] as const;

export type CallName = (typeof CALLS)[number];

/** One round of a call. */
export interface Rate {
  perSecond: number;
  /** CPU of the engine for one, in milliseconds. */
  cpu: number;
}

/** An engine's rounds, call by call. */
export interface Rates {
  place: Place;
  users: number;
  rounds: Record<CallName, Rate[]>;
}

/** A node that is measured, with its application, and one that has events. */
export interface Measured {
  place: Place;
  users: number;
  node: Node;
  app: AppCredentials;
  withEvents: AppCredentials;
}

/** Starts an engine on each kind of data, with so many users each. */
export async function startAll(
  places: Places,
  load: Child<LoadMethods>,
  devices: DeviceKey[],
  sizes: readonly [number, number],
): Promise<Measured[]> {
  const callbackUrl = await load.call('callbackUrl');
  const started: Measured[] = [];
  for (const place of places.names) {
    // Only what is kept in a database can be slow to find.
    for (const users of place === 'memory' ? [sizes[0]] : sizes) {
      say(`an engine on ${place} with ${users} users`);
      const node = await places.start(place, { users, devices });
      const app = await node.child.call('createApp', undefined);
      const withEvents = await node.child.call('createApp', callbackUrl);
      started.push({ place, users, node, app, withEvents });
    }
  }
  return started;
}

/** Measures all engines in turn, round by round, after one round that counts for nothing. */
export async function rates(
  engines: readonly Measured[],
  load: Child<LoadMethods>,
  { rounds, calls }: { rounds: number; calls: number },
): Promise<Rates[]> {
  const results = engines.map(({ place, users }): Rates => {
    const empty = Object.fromEntries(CALLS.map((call) => [call, [] as Rate[]]));
    return { place, users, rounds: empty as Rates['rounds'] };
  });
  for (let round = 0; round <= rounds; round++) {
    say(round === 0 ? 'calls: warming up' : `calls: round ${round} of ${rounds}`);
    for (const [i, engine] of engines.entries()) {
      const measured = await measure(engine, load, calls);
      if (round === 0) continue;
      for (const call of CALLS) results[i]?.rounds[call].push(measured[call]);
    }
  }
  return results;
}

async function measure(
  { node, app, withEvents }: Measured,
  load: Child<LoadMethods>,
  calls: number,
): Promise<Record<CallName, Rate>> {
  const { child, url } = node;
  const time = async (run: () => Promise<number>): Promise<Rate> => {
    const before = await child.call('cpu');
    const took = await run();
    const cpu = ((await child.call('cpu')) - before) / calls;
    return { perSecond: (calls / took) * 1000, cpu };
  };
  await load.call('aim', { api: url, devices: url, app });
  await load.call('authorize', 1);
  const authorize = await time(() => load.call('authorize', calls));
  const pending = await time(() => load.call('poll', 400));
  await load.call('sign');
  const answer = await time(() => load.call('answer'));
  const answered = await time(() => load.call('poll', 200));
  await load.call('aim', { api: url, devices: url, app: withEvents });
  await load.call('authorize', calls);
  await load.call('sign');
  const event = await time(() => load.call('answerAndTake'));
  return {
    authorize,
    'poll, not answered yet': pending,
    'answer by a paired device': answer,
    'poll, answered': answered,
    'answer, and its event delivered': event,
  };
}
