import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { LaunchKeyClient } from '../../lib/client/client.js';
import { NoSuchUserError } from '../../lib/errors.js';
import { Decoys } from '../../lib/login/decoys.js';
import { Logins } from '../../lib/login/logins.js';
import { MemoryStore } from '../../lib/store/memory.js';
import { RedisStore } from '../../lib/store/redis/store.js';
import type { PendingLogin, Store } from '../../lib/store/store.js';
import { amount } from '../support/endurance.js';
import { connectRedis, describeWithRedis, RedisServer } from '../support/redis.js';

const NAMES = amount('UNKNOWN_NAMES', 2_000, 100_000);
/** As many starts at one time as a busy application has. */
const AT_ONCE = 1_000;
const LIFETIME_MS = 300_000;
const GRACE_MS = 60_000;

const BROWSER = {
  id: 'browser',
  connection: { closed: false, whenClosed: new Promise<'closed'>(() => {}), release: () => {} },
};

/** Logins at an engine that knows none of the names. */
function loginsOf(store: Store): Logins {
  const key = randomBytes(32);
  const client = {
    appKey: '1234567890',
    authorize: async () => Promise.reject(new NoSuchUserError('There is no such user')),
    canWithdraw: async () => true,
    deriveKey: () => key,
  };
  return new Logins(client as unknown as LaunchKeyClient, store, {
    name: 'launchkey',
    confirmCallback: true,
    poll: true,
    pollInterval: 1000,
    longPoll: 25,
    concealUsers: true,
    loginTimeout: LIFETIME_MS,
    maxPendingPerUser: 5,
    maxPendingPerBrowser: 5,
  });
}

async function startAll(logins: Logins): Promise<(PendingLogin | null)[]> {
  const started: (PendingLogin | null)[] = [];
  for (let first = 0; first < NAMES; first += AT_ONCE) {
    const names = Array.from({ length: Math.min(AT_ONCE, NAMES - first) }, (_, n) => first + n);
    const starts = names.map((n) =>
      logins.starter.start(
        { username: `nobody-${n}`, session: true, userPushId: false },
        { ...BROWSER, id: `browser-${n}` },
      ),
    );
    started.push(...(await Promise.all(starts)));
  }
  return started;
}

describe(`${NAMES} unknown names with concealUsers`, () => {
  it('leave MemoryStore as large as it was, and leave room in a full one', async () => {
    const store = new MemoryStore({ maxLogins: AT_ONCE });
    const started = await startAll(loginsOf(store));
    expect(started).toHaveLength(NAMES);
    expect(new Set(started.map((login) => login?.handle)).size).toBe(NAMES);
    const { logins, slots } = store as unknown as {
      logins: Map<string, unknown>;
      slots: { taken: Map<string, unknown> };
    };
    expect([logins.size, slots.taken.size]).toEqual([0, 0]);
  });
});

describeWithRedis(`${NAMES} unknown names with concealUsers`, () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  afterAll(() => server?.stop());

  it('leave Redis as large as it was', async () => {
    const client = await connectRedis(server.url);
    const store = new RedisStore({ client });
    onTestFinished(() => store.close());
    await client.set('another key', 'of the application');
    expect(await startAll(loginsOf(store))).toHaveLength(NAMES);
    expect(await client.dbSize()).toBe(1);
  });
});

describe('a decoy', () => {
  const keyOf = (secret: string) => (purpose: string) =>
    Buffer.from(`${secret} ${purpose}`.padEnd(32).slice(0, 32));
  const make = (secret = 'one') => new Decoys(keyOf(secret), LIFETIME_MS, GRACE_MS);

  it('has a handle that looks like that of a login, and is read by every process with the key', () => {
    const decoy = make().make({ session: true, number: 42, startedAt: Date.now() });
    expect(decoy.handle).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(make().open(decoy.handle)).toEqual(decoy);
    expect(decoy).toMatchObject({ state: 'pending', session: true, number: 42 });
  });

  it('has another handle each time', () => {
    const startedAt = Date.now();
    const handles = Array.from(
      { length: 100 },
      () => make().make({ session: true, startedAt }).handle,
    );
    expect(new Set(handles).size).toBe(100);
  });

  it('opens no handle that was changed, or made by another application', () => {
    const { handle } = make().make({ session: true, startedAt: Date.now() });
    for (let at = 0; at < handle.length - 1; at++) {
      const other = handle[at] === 'A' ? 'B' : 'A';
      expect(make().open(handle.slice(0, at) + other + handle.slice(at + 1))).toBeNull();
    }
    expect(make('two').open(handle)).toBeNull();
    expect(make().open('')).toBeNull();
    expect(make().open('a handle')).toBeNull();
  });

  it('is forgotten when the record of a login would be', () => {
    const startedAt = Date.now() - LIFETIME_MS - GRACE_MS;
    expect(make().open(make().make({ session: true, startedAt }).handle)).toBeNull();
    const later = startedAt + 5_000;
    expect(make().open(make().make({ session: true, startedAt: later }).handle)).not.toBeNull();
  });
});
