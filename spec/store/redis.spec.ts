import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import {
  type Answer,
  ConfigurationError,
  type LaunchKeySession,
  type PendingLogin,
  type Store,
  StoreUnavailableError,
} from 'passport-launchkey';
import { RedisStore, type RedisStoreOptions } from 'passport-launchkey/redis';
import { createCluster } from 'redis';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type Client, connectRedis, describeWithRedis, RedisServer } from '../support/redis.js';
import { programPath } from '../support/shared.js';

const TTL = 3_600_000;

const login = (handle = 'handle'): PendingLogin => ({
  handle,
  authRequest: `secret of ${handle}`,
  username: 'alice',
  session: true,
  startedAt: 0,
  expiresAt: TTL,
});

const answer: Answer = { authorized: true, userHash: 'hash', digest: 'digest' };

const session = (handle = 'handle'): LaunchKeySession => ({
  handle,
  authRequest: `secret of ${handle}`,
  userHash: 'hash',
  startedAt: 1_000,
});

const place = (id = 'place') => ({ of: 'name', id });

const never = () => new AbortController().signal;

/** A call of every method that needs Redis. */
const CALLS: Record<keyof Store, (store: Store) => Promise<unknown>> = {
  add: (store) => store.add(login(), TTL),
  remove: async (store) => store.remove?.('handle'),
  takePlace: (store) => store.takePlace(place(), 2, TTL),
  leavePlace: (store) => store.leavePlace(place()),
  get: (store) => store.get('handle'),
  answer: (store) => store.answer('handle', answer),
  waitForAnswer: (store) => store.waitForAnswer('handle', never()),
  consume: (store) => store.consume('handle'),
  release: (store) => store.release('handle'),
  openSession: (store) => store.openSession(session(), TTL),
  getSession: (store) => store.getSession('handle'),
  endSessions: (store) => store.endSessions('hash', 1_000),
  removeSession: (store) => store.removeSession('handle'),
};

/** Asks Redis until this many connections listen for answers. */
async function subscribers(client: Client, number: number): Promise<void> {
  while (Object.values(await client.pubSubNumSub('launchkey:answered'))[0] !== number) {
    await new Promise(setImmediate);
  }
}

describeWithRedis('RedisStore', () => {
  let server: RedisServer;
  let client: Client;

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  afterAll(() => server?.stop());

  beforeEach(async () => {
    client = await connectRedis(server.url);
    await client.flushAll();
  });

  function open(options: Partial<RedisStoreOptions> = {}): RedisStore {
    const store = new RedisStore({ client, ...options });
    onTestFinished(() => store.close());
    return store;
  }

  describe('the keys of RedisStore', () => {
    /** Takes a login and a LaunchKey session through all steps that create keys. */
    async function live(store: RedisStore, ttl: number) {
      for (const handle of ['pending', 'answered', 'finished', 'released']) {
        await store.add(login(handle), ttl);
      }
      for (const handle of ['answered', 'finished', 'released']) await store.answer(handle, answer);
      for (const handle of ['finished', 'released']) await store.consume(handle);
      await store.release('released');
      for (const id of ['kept', 'returned']) await store.takePlace(place(id), 2, ttl);
      await store.takePlace({ of: 'another name', id: 'returned' }, 2, ttl);
      for (const of of ['name', 'another name']) await store.leavePlace({ of, id: 'returned' });
      await store.openSession(session('open'), ttl);
      await store.openSession({ ...session('ended'), startedAt: 0 }, ttl);
      await store.openSession({ ...session('removed'), userHash: 'other' }, ttl);
      await store.endSessions('hash', 0);
      await store.removeSession('removed');
    }

    it('all begin with the prefix and expire', async () => {
      await live(open({ prefix: 'shop:' }), TTL);
      const keys = await client.keys('*');
      expect(keys.toSorted()).toEqual([
        'shop:login:answered',
        'shop:login:finished',
        'shop:login:pending',
        'shop:login:released',
        'shop:places:name',
        'shop:session:ended',
        'shop:session:open',
        'shop:user:hash',
      ]);
      for (const key of keys) {
        const remaining = await client.pTTL(key);
        expect(remaining, key).toBeGreaterThan(0);
        expect(remaining, key).toBeLessThanOrEqual(TTL);
      }
    });

    it('are all gone after their ttl', async () => {
      await live(open(), 100);
      // Redis drops expired keys by itself and without notice.
      while ((await client.dbSize()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(await client.keys('*')).toEqual([]);
    });

    it('keep the set of a user as long as the longest session', async () => {
      const store = open();
      await store.openSession(session('long'), TTL);
      await store.openSession(session('short'), 50);
      expect(await client.pTTL('launchkey:user:hash')).toBeGreaterThan(TTL / 2);
      while (await store.getSession('short')) await new Promise(setImmediate);
      await store.openSession(session('next'), TTL);
      expect((await client.zRange('launchkey:user:hash', 0, -1)).toSorted()).toEqual([
        'long',
        'next',
      ]);
    });

    it("get the client's own prefix as well, even those that scripts build", async () => {
      const { createClient } = await import('redis');
      const prefixed = createClient({ url: server.url, keyPrefix: 'own:' });
      onTestFinished(() => prefixed.destroy());
      await prefixed.connect();
      const store = open({ client: prefixed });
      await store.openSession(session(), TTL);
      expect((await client.keys('*')).toSorted()).toEqual([
        'own:launchkey:session:handle',
        'own:launchkey:user:hash',
      ]);
      expect(await store.endSessions('hash', 1_000)).toEqual([session()]);
      await store.removeSession('handle');
      expect(await client.keys('*')).toEqual([]);
    });

    it.each([2, 3] as const)('are read the same in version %i of the protocol', async (RESP) => {
      const { createClient } = await import('redis');
      const speaking = createClient({ url: server.url, RESP });
      onTestFinished(() => speaking.destroy());
      await speaking.connect();
      const store = open({ client: speaking });
      await store.add(login(), TTL);
      expect(await store.get('unknown')).toBeNull();
      expect(await store.consume('handle')).toBeNull();
      const wait = store.waitForAnswer('handle', never());
      expect(await store.answer('handle', answer)).toBe(true);
      expect(await wait).toEqual({ ...login(), state: 'answered', answer });
      expect(await store.consume('handle')).toEqual({ ...login(), state: 'finished', answer });
      await store.openSession(session(), TTL);
      expect(await store.getSession('handle')).toEqual(session());
      expect(await store.endSessions('hash', 1_000)).toEqual([session()]);
      expect(await store.getSession('handle')).toBeNull();
    });

    it('are read the same by a client with its own type mapping', async () => {
      const { RESP_TYPES } = await import('redis');
      const mapped = client.withTypeMapping({
        [RESP_TYPES.BLOB_STRING]: Buffer,
        [RESP_TYPES.NUMBER]: String,
      });
      const store = open({ client: mapped });
      await store.add(login(), TTL);
      expect(await store.answer('handle', answer)).toBe(true);
      expect(await store.consume('handle')).toEqual({ ...login(), state: 'finished', answer });
    });
  });

  describe('RedisStore when Redis evicts keys', () => {
    it('treats a session that a logout event could not find as ended', async () => {
      const store = open();
      await store.openSession(session(), TTL);
      await store.openSession({ ...session('other'), userHash: 'other' }, TTL);
      await client.del('launchkey:user:hash');
      expect(await store.endSessions('hash', 1_000)).toEqual([]);
      expect(await store.getSession('handle')).toBeNull();
      expect(await store.getSession('other')).not.toBeNull();
    });

    it('does not finish a lost login', async () => {
      const store = open();
      await store.add(login(), TTL);
      await store.answer('handle', answer);
      await client.del('launchkey:login:handle');
      expect(await store.consume('handle')).toBeNull();
      expect(await store.waitForAnswer('handle', never())).toBeNull();
    });
  });

  describe('a wait with RedisStore', () => {
    it('ends by a message alone', async () => {
      const store = open({ recheckInterval: TTL });
      await store.add(login(), TTL);
      const wait = store.waitForAnswer('handle', never());
      await subscribers(client, 1);
      await new RedisStore({ client: await connectRedis(server.url) }).answer('handle', answer);
      expect(await wait).toMatchObject({ state: 'answered', answer });
    });

    it('finds the answer by itself if the message was lost', async () => {
      const store = open({ recheckInterval: 50 });
      await store.add(login(), TTL);
      const wait = store.waitForAnswer('handle', never());
      await subscribers(client, 1);
      await client.hSet('launchkey:login:handle', {
        state: 'answered',
        answer: JSON.stringify(answer),
      });
      expect(await wait).toMatchObject({ state: 'answered', answer });
    });

    /** A client of a user with these rights, and the warnings of the store in this process. */
    async function limitedClient(name: string, rights: string[]) {
      await client.aclSetUser(name, ['on', '>password', ...rights]);
      const { hostname, port } = new URL(server.url);
      const limited = await connectRedis(`redis://${name}:password@${hostname}:${port}`);
      const warnings: (Error & { code?: string; detail?: string })[] = [];
      const events = new EventEmitter();
      const listener = (warning: Error & { code?: string }) => {
        if (warning.code === 'LAUNCHKEY_REDIS_CHANNEL') events.emit('one', warnings.push(warning));
      };
      process.on('warning', listener);
      onTestFinished(() => void process.off('warning', listener));
      return { limited, warnings, warned: once(events, 'one') };
    }

    it('finds the answer if Redis allows no subscription, and a warning says so', async () => {
      const rights = ['~*', '&*', '+@all', '-subscribe'];
      const { limited, warnings, warned } = await limitedClient('no-subscribing', rights);
      const store = open({ client: limited, recheckInterval: 50 });
      await store.add(login(), TTL);
      const wait = store.waitForAnswer('handle', never());
      await warned;
      await open().answer('handle', answer);
      expect(await wait).toMatchObject({ state: 'answered' });
      expect(warnings).toHaveLength(1);
      expect(warnings[0]?.detail).toMatch(/subscribe/);
    });

    it('gets its answer from a process that may not publish, which warns at its first call', async () => {
      const rights = ['~*', '+@all', 'resetchannels'];
      const { limited, warnings, warned } = await limitedClient('no-channels', rights);
      const store = open({ recheckInterval: 50 });
      const other = open({ client: limited });
      await other.get('handle');
      await warned;
      await store.add(login(), TTL);
      const wait = store.waitForAnswer('handle', never());
      expect(await other.answer('handle', answer)).toBe(true);
      expect(await wait).toMatchObject({ state: 'answered' });
      expect(warnings).toHaveLength(1);
      expect(warnings[0]?.detail).toMatch(/publish.*&launchkey:answered/s);
    });

    it('needs no other rights than the manual names', async () => {
      const manual = readFileSync(
        new URL('../../docs/several-processes.md', import.meta.url),
        'utf8',
      );
      const rights = /ACL SETUSER shop on >password ([^`]+)`/.exec(manual)?.[1] ?? '';
      const limited = await limitedClient('shop', rights.split(/\s+/));
      const store = open({ client: limited.limited, prefix: 'shop:launchkey:' });
      await store.add(login(), TTL);
      const wait = store.waitForAnswer('handle', never());
      while (Object.values(await client.pubSubNumSub('shop:launchkey:answered'))[0] !== 1) {
        await new Promise(setImmediate);
      }
      await store.openSession(session(), TTL);
      await store.answer('handle', answer);
      expect(await wait).toMatchObject({ state: 'answered' });
      expect(await store.endSessions('hash', 1_000)).toHaveLength(1);
      await store.removeSession('handle');
      expect(limited.warnings).toEqual([]);
    });

    it('uses one more connection for any number of waits, and none without a wait', async () => {
      const store = open();
      await store.get('handle');
      const connections = async () => (await client.clientList()).length;
      const before = await connections();
      const handles = Array.from({ length: 50 }, (_, index) => `login ${index}`);
      for (const handle of handles) await store.add(login(handle), TTL);
      expect(await connections()).toBe(before);
      const waits = handles.map((handle) => store.waitForAnswer(handle, never()));
      await subscribers(client, 1);
      expect(await connections()).toBe(before + 1);
      for (const handle of handles) await store.answer(handle, answer);
      expect(await Promise.all(waits)).toHaveLength(50);
    });

    it('notices an answer that came while the connection for messages was lost', async () => {
      const store = open({ recheckInterval: TTL });
      await store.add(login(), TTL);
      const wait = store.waitForAnswer('handle', never());
      await subscribers(client, 1);
      await client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
      await store.answer('handle', answer);
      expect(await wait).toMatchObject({ state: 'answered' });
    });

    it('leaves no connection open that was being made when the store was closed', async () => {
      const made = async () =>
        Number(/total_connections_received:(\d+)/.exec(await client.info('stats'))?.[1]);
      const store = open();
      await store.add(login(), TTL);
      const before = { made: await made(), open: (await client.clientList()).length };
      const wait = store.waitForAnswer('handle', never());
      const refused = expect(wait).rejects.toThrow('closed');
      await store.close();
      await refused;
      while ((await made()) === before.made) await new Promise(setImmediate);
      while ((await client.clientList()).length > before.open) await new Promise(setImmediate);
      await subscribers(client, 0);
    });

    it('rejects when the store is closed', async () => {
      const store = open();
      await store.add(login(), TTL);
      const wait = store.waitForAnswer('handle', never());
      await subscribers(client, 1);
      await Promise.all([expect(wait).rejects.toThrow(StoreUnavailableError), store.close()]);
      await subscribers(client, 0);
      await expect(store.waitForAnswer('handle', never())).rejects.toThrow('closed');
      expect(await store.get('handle')).not.toBeNull();
      expect(client.isReady).toBe(true);
    });
  });

  describe('RedisStore with a Redis Cluster', () => {
    it('refuses a client of a cluster at once', () => {
      const cluster = createCluster({ rootNodes: [{ url: server.url }] });
      expect(() => new RedisStore({ client: cluster as never })).toThrow(/Redis Cluster/);
    });

    it('refuses the first call of a client that is connected to a cluster', async () => {
      const node = await RedisServer.start({ 'cluster-enabled': 'yes' });
      onTestFinished(() => node.stop());
      const admin = await connectRedis(node.url);
      await admin.sendCommand(['CLUSTER', 'ADDSLOTSRANGE', '0', '16383']);
      while (!(await admin.sendCommand(['CLUSTER', 'INFO']))?.toString().includes('state:ok')) {
        await new Promise(setImmediate);
      }
      const store = new RedisStore({ client: admin });
      const taken = store.takePlace(place(), 1, TTL);
      await expect(taken).rejects.toThrow(ConfigurationError);
      await expect(store.get('handle')).rejects.toThrow(/Redis Cluster/);
    });
  });

  describe('RedisStore while Redis is away', () => {
    /** A server that the test may kill. */
    async function ownServer(options: Partial<RedisStoreOptions> = {}) {
      const own = await RedisServer.start();
      onTestFinished(() => own.stop());
      const ownClient = await connectRedis(own.url);
      return { own, ownClient, store: open({ client: ownClient, ...options }) };
    }

    it('rejects in every method with one class of error, and works again afterwards', async () => {
      const { own, ownClient, store } = await ownServer({ timeout: 100 });
      await store.add(login(), TTL);
      const lost = once(ownClient, 'error');
      await own.kill();
      await lost;
      for (const call of Object.values(CALLS)) {
        await expect(call(store)).rejects.toMatchObject({
          name: 'StoreUnavailableError',
          code: 'LAUNCHKEY_STORE_UNAVAILABLE',
          retryable: true,
        });
      }
      // once() would reject, because a failed attempt to connect is an error event too.
      const ready = new Promise((resolve) => ownClient.once('ready', resolve));
      await own.restart();
      await ready;
      // The calls that timed out do not take effect later.
      expect(await ownClient.dbSize()).toBe(0);
      await CALLS.add(store);
      const wait = CALLS.waitForAnswer(store);
      expect(await CALLS.answer(store)).toBe(true);
      expect(await wait).toMatchObject({ state: 'answered' });
    });

    it('keeps a wait during a short restart of Redis', async () => {
      const { own, ownClient, store } = await ownServer({ recheckInterval: 50 });
      await store.add(login(), TTL);
      const wait = store.waitForAnswer('handle', never());
      await subscribers(ownClient, 1);
      const ready = new Promise((resolve) => ownClient.once('ready', resolve));
      const lost = once(ownClient, 'error');
      await own.kill();
      await lost;
      await own.restart();
      await ready;
      // This Redis loses its data in a restart.
      expect(await wait).toBeNull();
      await store.add(login(), TTL);
      const next = store.waitForAnswer('handle', never());
      await subscribers(ownClient, 1);
      await store.answer('handle', answer);
      expect(await next).toMatchObject({ state: 'answered' });
    });

    it('bridges a restart in which Redis loads much data', async () => {
      const { own, ownClient, store } = await ownServer({ recheckInterval: 50 });
      await store.add(login(), TTL);
      // Redis handles commands once per KiB that it loads, and loads each key slowly.
      for (let key = 0; key < 40; key++) await ownClient.set(`${key}`, randomBytes(1_024));
      await ownClient.sendCommand(['SAVE']);
      const wait = store.waitForAnswer('handle', never());
      await subscribers(ownClient, 1);
      const lost = once(ownClient, 'error');
      await own.kill();
      await lost;
      const slow = { 'key-load-delay': 10_000, 'loading-process-events-interval-bytes': 1_024 };
      const loaded = own.restart(slow);
      await expect(ownClient.get('0')).rejects.toThrow('LOADING');
      expect(await store.answer('handle', answer)).toBe(true);
      expect(await wait).toMatchObject({ state: 'answered' });
      await loaded;
    });

    it('rejects if Redis loads its data for longer than the timeout', async () => {
      const { own, ownClient, store } = await ownServer({ timeout: 50 });
      for (let key = 0; key < 40; key++) await ownClient.set(`${key}`, randomBytes(1_024));
      await ownClient.sendCommand(['SAVE']);
      const lost = once(ownClient, 'error');
      await own.kill();
      await lost;
      const slow = { 'key-load-delay': 10_000, 'loading-process-events-interval-bytes': 1_024 };
      const loaded = own.restart(slow);
      await expect(ownClient.get('0')).rejects.toThrow('LOADING');
      await expect(store.get('handle')).rejects.toThrow(StoreUnavailableError);
      await loaded;
      expect(await store.get('handle')).toBeNull();
    });

    it.each([
      ['has no room', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']],
      ['became a replica', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE']],
      [
        'must not write without replicas',
        ['CONFIG', 'SET', 'min-replicas-to-write', '1'],
        ['CONFIG', 'SET', 'min-replicas-to-write', '0'],
      ],
    ])('rejects and changes nothing if Redis %s', async (_, begin, end) => {
      const { ownClient, store } = await ownServer();
      await store.add(login(), TTL);
      await store.answer('handle', answer);
      await store.openSession(session(), TTL);
      const before = await ownClient.keys('*');
      await ownClient.sendCommand(begin);
      const more = { ...login('more'), authRequest: 'secret of more' };
      const steps = [
        store.add(more, TTL),
        store.consume('handle'),
        store.openSession(session('more'), TTL),
        store.endSessions('hash', 1_000),
      ];
      for (const step of await Promise.allSettled(steps)) {
        expect(step).toMatchObject({
          status: 'rejected',
          reason: { code: 'LAUNCHKEY_STORE_UNAVAILABLE' },
        });
      }
      await ownClient.sendCommand(end);
      expect((await ownClient.keys('*')).toSorted()).toEqual(before.toSorted());
      expect(await store.getSession('handle')).toEqual(session());
      expect(await store.consume('handle')).toMatchObject({ state: 'finished' });
      await store.add(more, TTL);
    });

    it('rejects a wait if Redis stays away', async () => {
      const { own, store } = await ownServer({ timeout: 50, recheckInterval: 50 });
      await store.add(login(), TTL);
      const wait = store.waitForAnswer('handle', never());
      await Promise.all([expect(wait).rejects.toThrow(StoreUnavailableError), own.kill()]);
    });

    it('rejects a call that Redis does not answer within the timeout', async () => {
      const { own, store } = await ownServer({ timeout: 50 });
      own.freeze(true);
      await expect(store.get('handle')).rejects.toThrow('no reply within 50 ms');
      own.freeze(false);
    });

    it('rejects if the client was closed', async () => {
      const { ownClient, store } = await ownServer();
      await ownClient.close();
      await expect(store.get('handle')).rejects.toThrow(StoreUnavailableError);
    });

    it('explains the reason in the error, without secrets', async () => {
      await client.set('launchkey:login:handle', 'a secret');
      await client.set('launchkey:session:handle', 'a secret');
      const store = open();
      for (const call of Object.values(CALLS)) {
        const error = await call(store).catch((reason) => reason);
        if (!(error instanceof Error)) continue;
        expect(error.message).toMatch(/WRONGTYPE/);
        expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret of');
      }
      await client.del('launchkey:login:handle');
      await client.hSet('launchkey:login:handle', { state: 'pending', login: 'a secret' });
      const error = await store.get('handle').catch((reason) => reason);
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret of');
    });
  });

  describe('a process with RedisStore', () => {
    async function run(url: string): Promise<ChildProcess> {
      const child = spawn(process.execPath, [await programPath('waiting'), url], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      onTestFinished(() => {
        child.kill('SIGKILL');
      });
      await once(child.stdout, 'data');
      return child;
    }

    it('exits when the application closes its client, even during a wait', async () => {
      const child = await run(server.url);
      await subscribers(client, 1);
      const ended = once(child, 'exit');
      child.stdin?.write('end\n');
      expect(await ended).toEqual([0, null]);
    });

    it('exits while Redis is away', async () => {
      const own = await RedisServer.start();
      onTestFinished(() => own.stop());
      const ownClient = await connectRedis(own.url);
      const child = await run(own.url);
      await subscribers(ownClient, 1);
      await own.kill();
      const ended = once(child, 'exit');
      child.stdin?.write('end\n');
      expect(await ended).toEqual([0, null]);
    });
  });

  it.each([
    [{ client: undefined }, /^client of RedisStore must be a client made by createClient/],
    [{ client: {} }, /^client of RedisStore must be a client made by createClient/],
    [{ prefix: '' }, /^prefix of RedisStore must be a non-empty string/],
    [{ prefix: 1 }, /^prefix of RedisStore must be a non-empty string/],
    [{ timeout: 0 }, /^timeout of RedisStore must be a number of milliseconds/],
    [
      { recheckInterval: Number.NaN },
      /^recheckInterval of RedisStore must be a number of milliseconds/,
    ],
  ])('refuses the options %o', (options, message) => {
    expect(() => new RedisStore({ client, ...(options as object) })).toThrow(message);
  });
});
