import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Engine } from 'launchkey-engine';
import { expect, it, onTestFinished } from 'vitest';
import {
  AppProcess,
  type Forwarded,
  Front,
  type ProcessSettings,
  readVerified,
} from './support/cluster.js';
import {
  type Client,
  connectRedis,
  DURABLE,
  describeWithRedis,
  RedisServer,
} from './support/redis.js';
import { Visitor } from './support/visitor.js';
import { startWorld } from './support/world.js';

const LOGIN_TIMEOUT = 60_000;
/** The time by which a login's record outlives the login. */
const AFTERLIFE = 60_000;
const DAY = 24 * 3_600_000;
/** The number of browsers that log in at one time. */
const AT_ONCE = 24;
const USERS = Array.from({ length: 30 }, (_, index) => `user${index}`);

/** Every third user denies. */
const approves = (number: number) => number % 3 !== 0;

/** A request that a device showed. */
interface Shown {
  number: number;
  username: string;
}

/** The result of one browser's login. */
interface Ended {
  number: number;
  username: string;
  end: string;
  /** Whether a process or Redis was killed during the login. */
  interrupted: boolean;
}

/** Three processes behind one address, an engine, and the devices of its users. */
async function startCluster(redisUrl: string) {
  const front = await Front.start();
  onTestFinished(() => front.stop());
  const { engine, options } = await startWorld({
    users: USERS,
    callbackUrl: `${front.url}/callback`,
    delivery: { backoff: [200], timeout: 5_000 },
  });
  const folder = mkdtempSync(join(tmpdir(), 'launchkey-cluster-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const verifiedFile = join(folder, 'verified');
  writeFileSync(verifiedFile, '');
  const settings: ProcessSettings = {
    redisUrl,
    launchkey: options,
    answers: 'callback',
    loginTimeout: LOGIN_TIMEOUT,
    verifiedFile,
  };
  const addProcess = async (answers: ProcessSettings['answers']) => {
    front.processes.add(await AppProcess.start({ ...settings, answers }));
  };
  // One process polls as well, so that poll and event race.
  await Promise.all([addProcess('both'), addProcess('callback'), addProcess('callback')]);
  return {
    front,
    shown: answerAll(engine),
    addProcess,
    verified: () => readVerified(verifiedFile),
  };
}

/** Answers all requests on all devices after varying times, until the test is finished. */
function answerAll(engine: Engine): Map<string, Shown> {
  const shown = new Map<string, Shown>();
  const looks = new Map<string, number>();
  const stop = new AbortController();
  const answering = (async () => {
    while (!stop.signal.aborted) {
      for (const username of USERS) {
        for (const { authRequest, context } of await engine.requests(username)) {
          const number = Number(context);
          shown.set(authRequest, { number, username });
          const look = (looks.get(authRequest) ?? 0) + 1;
          looks.set(authRequest, look);
          // Some answers come before the browser waits, some while it waits.
          if (look > number % 10) await engine.answer(authRequest, approves(number));
        }
      }
      await pause(10);
    }
  })();
  onTestFinished(() => {
    stop.abort();
    return answering;
  });
  return shown;
}

/** Logs in this often, {@link AT_ONCE} at a time, and returns the results. */
function logInAll(
  url: string,
  logins: number,
): { ended: Promise<Ended[]>; underWay: Set<Visitor> } {
  const underWay = new Set<Visitor>();
  const ended: Ended[] = [];
  let next = 0;
  const logInOneAfterTheOther = async () => {
    while (next < logins) {
      const number = next++;
      const username = USERS[number % USERS.length] as string;
      const visitor = new Visitor(url, username, String(number));
      visitor.impatient = number % 4 === 0;
      underWay.add(visitor);
      const end = await visitor.logIn();
      underWay.delete(visitor);
      ended.push({ number, username, end, interrupted: visitor.interrupted });
    }
  };
  const all = Promise.all(Array.from({ length: AT_ONCE }, logInOneAfterTheOther));
  return { ended: all.then(() => ended), underWay };
}

/** Calls back when the nth request that finishes a login was just forwarded. */
function atFinish(front: Front, steps: Record<number, (forwarded: Forwarded) => Promise<void>>) {
  const taken: Promise<void>[] = [];
  let finishing = 0;
  front.onForward = (forwarded) => {
    if (forwarded.method !== 'POST' || !forwarded.body.startsWith('request=')) return;
    const step = steps[++finishing];
    if (step) taken.push(step(forwarded));
  };
  return async () => {
    expect(taken).toHaveLength(Object.keys(steps).length);
    await Promise.all(taken);
  };
}

/**
 * A login that is in progress may be affected without an error: express-session sends its response
 * even if the session could not be saved.
 */
async function restart(redis: RedisServer, underWay: Set<Visitor>): Promise<void> {
  await redis.kill();
  for (const visitor of underWay) visitor.interrupted = true;
  await redis.restart();
}

/** Each user was logged in at most once, as that user, and not after a denial. */
function expectNoWrongLogin(
  verified: ReturnType<typeof readVerified>,
  shown: Map<string, Shown>,
  ended: Ended[],
): void {
  expect(new Set(verified.map(({ authRequest }) => authRequest)).size).toBe(verified.length);
  const hashes = new Map<string, string>();
  for (const { authRequest, username, userHash } of verified) {
    const asked = shown.get(authRequest);
    expect(asked?.username).toBe(username);
    expect(approves(asked?.number as number)).toBe(true);
    expect(hashes.get(username) ?? userHash).toBe(userHash);
    hashes.set(username, userHash);
  }
  expect(new Set(hashes.values()).size).toBe(hashes.size);
  const verifiedNumbers = new Set(
    verified.map(({ authRequest }) => shown.get(authRequest)?.number),
  );
  for (const { number, end } of ended) {
    if (end === 'in') expect(verifiedNumbers).toContain(number);
    else expect(end).toMatch(/^(denied|expired|finished|missing_username|unknown|nobody)$/);
  }
}

/** Lets time pass for all keys of Redis that expire. */
async function letPass(client: Client, ms: number): Promise<void> {
  for (const key of await client.keys('*')) {
    const remaining = await client.pTTL(key);
    if (remaining > 0) await client.pExpire(key, Math.max(1, remaining - ms));
  }
}

describeWithRedis('three processes behind one address', () => {
  it('log in each user once while one process and Redis are killed', async () => {
    const logins = 300;
    const redis = await RedisServer.start(DURABLE);
    onTestFinished(() => redis.stop());
    const { front, shown, addProcess, verified } = await startCluster(redis.url);
    const { ended: all, underWay } = logInAll(front.url, logins);
    const stepsTaken = atFinish(front, {
      60: async ({ to }) => {
        front.processes.delete(to);
        await to.kill();
        await addProcess('both');
      },
      140: () => restart(redis, underWay),
    });
    const ended = await all;
    await stepsTaken();

    expect(ended).toHaveLength(logins);
    expect(front.cut).toBeGreaterThan(0);
    expectNoWrongLogin(verified(), shown, ended);
    // Logins outside the failure were not affected, although events and messages were lost.
    for (const { number, end, interrupted } of ended) {
      if (!interrupted) expect(end, `login ${number}`).toBe(approves(number) ? 'in' : 'denied');
    }
    expect(ended.filter(({ interrupted }) => !interrupted).length).toBeGreaterThan(
      logins - 4 * AT_ONCE,
    );

    const client = await connectRedis(redis.url);
    const bounds = {
      'spec:launchkey:login:': LOGIN_TIMEOUT + AFTERLIFE,
      'spec:launchkey:places:': LOGIN_TIMEOUT + AFTERLIFE,
      'spec:launchkey:session:': 30 * DAY,
      'spec:launchkey:user:': 30 * DAY,
      'spec:session:': 600_000,
    };
    for (const key of await client.keys('*')) {
      const bound = Object.entries(bounds).find(([prefix]) => key.startsWith(prefix))?.[1];
      const remaining = await client.pTTL(key);
      expect(remaining, key).toBeGreaterThan(0);
      expect(remaining, key).toBeLessThanOrEqual(bound as number);
    }
    await letPass(client, LOGIN_TIMEOUT + AFTERLIFE);
    const ofLogins = async () => [
      ...(await client.keys('spec:launchkey:login:*')),
      ...(await client.keys('spec:launchkey:places:*')),
    ];
    while ((await ofLogins()).length) await pause(10);
    await letPass(client, 30 * DAY);
    while (await client.dbSize()) await pause(10);
  }, 120_000);

  it('log in no one wrongly after Redis has lost all data', async () => {
    const logins = 90;
    const redis = await RedisServer.start();
    onTestFinished(() => redis.stop());
    const { front, shown, verified } = await startCluster(redis.url);
    const { ended: all, underWay } = logInAll(front.url, logins);
    const stepsTaken = atFinish(front, {
      30: () => restart(redis, underWay),
    });
    const ended = await all;
    await stepsTaken();

    expect(ended).toHaveLength(logins);
    expectNoWrongLogin(verified(), shown, ended);
    for (const { number, end, interrupted } of ended) {
      if (!interrupted) expect(end, `login ${number}`).toBe(approves(number) ? 'in' : 'denied');
    }
    const client = await connectRedis(redis.url);
    for (const key of await client.keys('*')) expect(await client.pTTL(key)).toBeGreaterThan(0);
  }, 120_000);
});
