import { setTimeout as pause } from 'node:timers/promises';
import express from 'express';
import { LaunchKeyStrategy } from 'passport-launchkey';
import pg from 'pg';
import { expect, it, onTestFinished, vi } from 'vitest';
import { logIn, loginApp, type Place, type Seen, takePlace } from '../../spec/support/app.js';
import { amount } from '../../spec/support/endurance.js';
import { Vault } from '../lib/data/sql/vault.js';
import type { AppCredentials, EngineOptions } from '../lib/index.js';
import type { Device } from './support/device.js';
import { EngineProcess, Front } from './support/engine-process.js';
import { http, type Reply } from './support/http.js';
import { type Acknowledged, checkReceipts, prepare } from './support/many-logins.js';
import { anyHeldPoll } from './support/metrics.js';
import { describeWithPostgres } from './support/postgres.js';
import { LISTENING, untilSessions } from './support/postgres-activity.js';
import type { Postgres } from './support/postgres-server.js';

const LOGINS = amount('NODE_LOGINS', 60, 1000);
/** As many users, with one device each, log in at one time. */
const AT_ONCE = 20;
const MODES = ['poll', 'callback', 'both'] as const;
/** The short form leaves the crash of PostgreSQL to `outages.spec.ts`. */
const CRASHES = LOGINS >= 1000;
const TIMEOUT = 120_000 + LOGINS * 500;

/** How the logins end whose context is this number: by the user's own will, and not by what goes down. */
const approves = (number: number) => number % 4 !== 0;

/** Engines in processes of their own, on one database and behind one address. */
class Nodes {
  readonly all: EngineProcess[] = [];
  private readonly front: Front;
  private readonly options: EngineOptions;

  constructor(front: Front, options: EngineOptions) {
    this.front = front;
    this.options = options;
  }

  async add(): Promise<void> {
    const node = await EngineProcess.start(this.options);
    onTestFinished(async () => await node.kill());
    this.all.push(node);
    // Dead nodes too: the proxy is not informed.
    this.front.direct(...this.all.map(({ port }) => port));
  }

  get living(): EngineProcess[] {
    return this.all.filter((node) => node.living);
  }

  /** Kills one that holds a poll. */
  async killOne(): Promise<void> {
    const [node] = this.all as [EngineProcess];
    await anyHeldPoll(node.url);
    await node.kill();
  }
}

/** An event as the application got it. */
interface Told {
  authRequest: string;
  eventId: string;
}

/** What the three applications, one for each way to learn of an answer, have seen. */
interface Shop {
  urls: string[];
  /** What verify was asked about. */
  verified: { mode: string; authRequest: string; userHash: string; username: string }[];
  told: Told[];
}

function openShop(places: Place[], apiBaseUrl: string, credentials: AppCredentials[]): Shop {
  const shop: Shop = { urls: places.map(({ url }) => url), verified: [], told: [] };
  for (const [index, mode] of MODES.entries()) {
    const { appKey, secretKey, privateKey } = credentials[index] as AppCredentials;
    const strategy = new LaunchKeyStrategy(
      {
        apiBaseUrl,
        appKey,
        secretKey,
        privateKey,
        answers: mode,
        context: (req) => String((req.body as { context?: unknown }).context),
      },
      async (userHash, { authRequest, username }) => {
        shop.verified.push({ mode, authRequest, userHash, username });
        return { id: username };
      },
    );
    const app = express();
    app.all('/callback', ({ query }, _res, next) => {
      const { auth_request: authRequest, event_id: eventId } = query;
      shop.told.push({ authRequest: String(authRequest), eventId: String(eventId) });
      next();
    });
    app.use(loginApp(strategy));
    places[index]?.serve(app);
  }
  return shop;
}

/** A login from the first click to the end, however often it has to be begun. */
interface Ended {
  number: number;
  username: string;
  seen: Seen;
  attempts: number;
}

/** Logs in, {@link AT_ONCE}; at so many ended logins a step is taken, one after the other. */
async function logInAll(
  shop: Shop,
  devices: Device[],
  steps: Map<number, () => Promise<void>>,
): Promise<Ended[]> {
  const ended: Ended[] = [];
  let next = 0;
  let stepping = Promise.resolve();
  let failure: unknown;
  const user = async ({ username }: Device) => {
    while (next < LOGINS && !failure) {
      const number = next++;
      const url = shop.urls[number % shop.urls.length] as string;
      ended.push({ number, username, ...(await logInAtLast(url, username, number)) });
      const step = steps.get(ended.length);
      if (!step) continue;
      stepping = stepping.then(step);
      stepping.catch((error) => {
        failure = error;
      });
    }
  };
  await Promise.all(devices.map(user));
  await stepping;
  return ended;
}

async function logInAtLast(url: string, username: string, number: number) {
  for (let attempts = 1; ; attempts += 1) {
    const seen = await logIn(url, { username, context: String(number) });
    if (!seen.error) return { seen, attempts };
    // The engine was away: nothing else may go wrong.
    expect(seen.error.name).toMatch(/^(CommunicationError|EngineError)$/);
    // A person takes longer.
    await pause(50);
  }
}

/** An answer that an engine has told a device is taken, and the login that it was to. */
interface Answered extends Acknowledged {
  number: number;
  username: string;
}

/** Has a device answer whatever it is shown, until the test is over; keeps what was acknowledged. */
function answering(device: Device, acknowledged: Answered[]): () => Promise<void> {
  const stop = new AbortController();
  const work = (async () => {
    let version: string | undefined;
    while (!stop.signal.aborted) {
      const state = await untilServed(() => device.state(version, 25, stop.signal), stop.signal);
      if (!state) return;
      if (state.status === 304) continue;
      expect(state.status, state.text).toBe(200);
      version = state.body.version;
      for (const request of state.body.requests) {
        const number = Number(request.context);
        const approved = approves(number);
        const body = device.answerBody(request, approved);
        // Not given up when told to stop: what was sent may count, so that it has to be heard of.
        const taken = await untilServed(() => device.post('answer', body));
        expect(taken?.status, taken?.text).toBe(200);
        const { authRequest } = request;
        acknowledged.push({ authRequest, approved, number, username: device.username });
      }
    }
  })();
  work.catch(() => {});
  return async () => {
    stop.abort();
    await work;
  };
}

/** Repeats a call with a new signature until an engine responds. Returns `undefined` when stopped. */
async function untilServed(
  make: () => Promise<Reply>,
  stop = new AbortController().signal,
): Promise<Reply | undefined> {
  while (!stop.aborted) {
    const reply = await make().catch((error: NodeJS.ErrnoException) => {
      if (stop.aborted || error.code === 'ECONNRESET') return undefined;
      throw error;
    });
    if (reply && reply.status !== 503) return reply;
    await pause(50);
  }
  return undefined;
}

async function ready(node: EngineProcess): Promise<number> {
  return (await http(`${node.url}/readyz`)).status;
}

/** PostgreSQL crashes and comes back; the engines say so, and go on. */
async function crash(server: Postgres, nodes: Nodes): Promise<void> {
  const { living } = nodes;
  await server.end('SIGQUIT');
  expect(await Promise.all(living.map(ready))).toEqual(living.map(() => 503));
  await server.run();
  // An engine is ready when it receives notifications again.
  await vi.waitFor(
    async () => expect(await Promise.all(living.map(ready))).toEqual(living.map(() => 200)),
    { timeout: 20_000, interval: 100 },
  );
}

/** Resolves when so many engines listen to each other. */
async function listening(databaseUrl: string, engines: number): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    await untilSessions(client, LISTENING, engines);
  } finally {
    await client.end();
  }
}

/** Each login ended as its user wanted: none twice, none as another user, none after a denial. */
function check(shop: Shop, ended: Ended[], acknowledged: Answered[]): void {
  for (const { number, username, seen, attempts } of ended) {
    const outcome = seen.user ? seen.user.id : seen.info?.code;
    expect(outcome, `login ${number}`).toBe(approves(number) ? username : 'denied');
    // What the device was told is taken is what the application went by.
    const answers = acknowledged.filter((one) => one.number === number);
    expect(answers.length, `answers to login ${number}`).toBeGreaterThanOrEqual(1);
    expect(answers.length, `answers to login ${number}`).toBeLessThanOrEqual(attempts);
    for (const one of answers) expect(one).toMatchObject({ username, approved: approves(number) });
  }
  const { verified, told } = shop;
  expect(verified).toHaveLength(ended.filter(({ number }) => approves(number)).length);
  expect(new Set(verified.map(({ authRequest }) => authRequest)).size).toBe(verified.length);
  const hashes = new Map<string, string>();
  for (const { mode, authRequest, username, userHash } of verified) {
    expect(acknowledged).toContainEqual(
      expect.objectContaining({ authRequest, username, approved: true }),
    );
    const name = `${username} at ${mode}`;
    expect(hashes.get(name) ?? userHash).toBe(userHash);
    hashes.set(name, userHash);
  }
  expect(new Set(hashes.values()).size).toBe(hashes.size);
  const ids = new Map<string, string>();
  for (const { authRequest, eventId } of told) {
    expect(ids.get(authRequest) ?? eventId).toBe(eventId);
    ids.set(authRequest, eventId);
  }
  expect(new Set(ids.values()).size).toBe(ids.size);
}

describeWithPostgres(
  'three engines behind one address',
  (server) => {
    it(
      'lose no login and admit no user wrongly or twice, while one node is killed',
      async () => {
        const front = await Front.open();
        onTestFinished(() => front.close());
        const databaseUrl = await server().database();
        const options: EngineOptions = {
          databaseUrl,
          key: Vault.newKey(),
          publicUrl: front.url,
          rateLimit: false,
          delivery: { timeout: 2000, backoff: [200] },
        };
        const places = await Promise.all(MODES.map(takePlace));
        const callbackUrls = places.map(({ url }, index) =>
          MODES[index] === 'poll' ? undefined : `${url}/callback`,
        );
        const { apps, devices } = await prepare(front, options, callbackUrls, AT_ONCE);
        const nodes = new Nodes(front, options);
        await Promise.all([nodes.add(), nodes.add(), nodes.add()]);
        const shop = openShop(places, `${front.url}/v1`, apps);
        const acknowledged: Answered[] = [];
        const stops = devices.map((device) => answering(device, acknowledged));
        onTestFinished(async () => {
          await Promise.allSettled(stops.map((stop) => stop()));
        });

        const steps = new Map([
          [Math.ceil(LOGINS * 0.25), () => nodes.killOne()],
          [Math.ceil(LOGINS * 0.4), () => nodes.add()],
        ]);
        if (CRASHES) steps.set(Math.ceil(LOGINS * 0.5), () => crash(server(), nodes));
        const ended = await logInAll(shop, devices, steps);

        expect(nodes.living).toHaveLength(3);
        await listening(databaseUrl, 3);
        await Promise.all(stops.map((stop) => stop()));
        check(shop, ended, acknowledged);
        await checkReceipts(options, acknowledged);
        const again = ended.filter(({ attempts }) => attempts > 1).length;
        process.stderr.write(
          `${ended.length} logins, ${again} of them begun again, ${acknowledged.length} answers, ${shop.told.length} events\n`,
        );
      },
      TIMEOUT,
    );
  },
  { own: true },
);
