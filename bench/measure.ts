import type { AppMethods } from './app-process.js';
import type { BrowsersMethods } from './browsers-process.js';
import { Child } from './child.js';
import { type Concealing, concealing } from './concealing.js';
import { type Durable, durable } from './durable.js';
import { type Latency, latency } from './latency.js';
import { rsaUnit } from './machine.js';
import { say } from './say.js';
import { type Throughput, throughput } from './throughput.js';
import { type Waiting, waiting } from './waiting.js';
import { startApp, startEngine, type Way } from './world.js';

const POLLED = { when: 'polled' } as const;
const HELD = { variant: 'shared', answers: 'poll', longPoll: 25, reaction: POLLED } as const;
const EVENTS = {
  variant: 'shared',
  answers: 'callback',
  longPoll: 25,
  reaction: { when: 'pushed', from: 5, to: 15 },
} as const;

const WAYS = {
  held: { ...HELD, name: 'held polls', logins: 3000 },
  unheld: { ...HELD, name: 'polls that are not held, a second apart', longPoll: 0, logins: 128 },
  events: { ...EVENTS, name: 'events', logins: 2000 },
  express: { ...HELD, name: 'held polls, through Express', logins: 2000 },
  fresh: {
    ...HELD,
    name: 'held polls, a new envelope for each call',
    variant: 'fresh',
    logins: 1000,
  },
  jsrsasign: { ...HELD, name: 'the same, signed by jsrsasign', variant: 'jsrsasign', logins: 64 },
} as const satisfies Record<string, Way>;

export type WayName = keyof typeof WAYS;
const NAMES = Object.keys(WAYS) as WayName[];

/** Everything that one run measured. */
export interface Measured {
  rounds: number;
  /** CPU of one RSA-2048 private operation in milliseconds, round by round. */
  unit: number[];
  /** Logins as fast as they go, round by round. */
  ways: Record<WayName, { name: string; rounds: Throughput[] }>;
  latency: { held: Latency[]; events: Latency[] };
  waiting: { held: Waiting[]; events: Waiting[] };
  /** How long users and strangers are kept waiting where users are concealed. */
  concealing: Concealing[];
  /** The engine alone, on each kind of data. */
  durable: Durable;
}

/** Measures in rounds, so that whatever else the machine does meets every way alike. */
export async function measure(quick: boolean): Promise<Measured> {
  const measured = await measureRounds(quick ? 3 : 5, quick ? 4 : 1);
  const watch = quick ? { held: 25, events: 5 } : { held: 50, events: 15 };
  const numbers = [1000, 10_000];
  say('logins that wait on held polls');
  const held = await waiting(WAYS.held, numbers, watch.held);
  say('logins that wait for events');
  const events = await waiting(WAYS.events, numbers, watch.events);
  say('users and strangers');
  const concealed = await concealing(quick ? 100 : 400);
  return {
    ...measured,
    waiting: { held, events },
    concealing: concealed,
    durable: await durable(quick),
  };
}

async function measureRounds(
  rounds: number,
  part: number,
): Promise<Omit<Measured, 'waiting' | 'concealing' | 'durable'>> {
  const engine = await startEngine();
  const browsers = new Child<BrowsersMethods>('browsers-process');
  const apps = {} as Record<WayName, Child<AppMethods>>;
  for (const name of NAMES) apps[name] = await startApp(engine, WAYS[name]);

  const once = (name: WayName, logins: number) =>
    throughput(
      engine,
      apps[name],
      { ...WAYS[name], logins },
      name === 'express' ? browsers : undefined,
    );
  say('warming up');
  for (const name of NAMES) await once(name, name === 'jsrsasign' ? 2 : 1000);

  const unit: number[] = [];
  const latencies = { held: [] as Latency[], events: [] as Latency[] };
  const ways = Object.fromEntries(
    NAMES.map((name) => [name, { name: WAYS[name].name, rounds: [] as Throughput[] }]),
  ) as Measured['ways'];
  for (let round = 1; round <= rounds; round++) {
    say(`round ${round} of ${rounds}`);
    unit.push(rsaUnit());
    for (const name of NAMES) {
      const { logins } = WAYS[name];
      ways[name].rounds.push(await once(name, name === 'jsrsasign' ? logins : logins / part));
    }
    for (const name of ['held', 'events'] as const) {
      latencies[name].push(await latency(engine, apps[name], 1000 / part));
    }
  }
  for (const child of [...Object.values(apps), browsers, engine]) await child.end();
  return { rounds, unit, ways, latency: latencies };
}
