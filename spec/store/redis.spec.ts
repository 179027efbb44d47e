import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { inspect } from 'node:util';
import {
  type Answer,
  type LaunchKeySession,
  type PendingLogin,
  type Store,
  StoreUnavailableError,
} from 'passport-launchkey';
import { RedisStore, type RedisStoreOptions } from 'passport-launchkey/redis';
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

/** Every method of a store, as calls that need Redis. */
const CALLS: Record<keyof Store, (store: Store) => Promise<unknown>> = {
  add: (store) => store.add(login(), TTL),
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

/** Resolves once that many connections listen for answers, which Redis has to be asked for. */
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

  describe('its keys', () => {
    /** Lets a login and a LaunchKey session go through everything that leaves keys. */
    async function live(store: RedisStore, ttl: number) {
      for (const handle of ['pending', 'answered', 'finished', 'released']) {
        await store.add(login(handle), ttl);
      }
      for (const handle of ['answered', 'finished', 'released']) await store.answer(handle, answer);
      for (const handle of ['finished', 'released']) await store.consume(handle);
      await store.release('released');
      for (const id of ['kept', 'left']) await store.takePlace(place(id), 2, ttl);
      await store.takePlace({ of: 'nobody', id: 'left' }, 2, ttl);
      for (const of of ['name', 'nobody']) await store.leavePlace({ of, id: 'left' });
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
        const left = await client.pTTL(key);
        expect(left, key).toBeGreaterThan(0);
        expect(left, key).toBeLessThanOrEqual(TTL);
      }
    });

    it('are all gone when their time is up', async () => {
      await live(open(), 100);
      // Redis drops what has expired by itself, and tells nobody.
      while ((await client.dbSize()) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(await client.keys('*')).toEqual([]);
    });

    it('keep the list of a user as long as the session that lasts longest', async () => {
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

    it("get the client's own prefix as well, wherever they are made", async () => {
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
      expect(await store.get('nobody')).toBeNull();
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

    it('are read the same by a client that maps types in its own way', async () => {
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

  describe('where Redis evicts keys', () => {
    it('a session that a logout on the device could not find is over', async () => {
      const store = open();
      await store.openSession(session(), TTL);
      await store.openSession({ ...session('other'), userHash: 'other' }, TTL);
      await client.del('launchkey:user:hash');
      expect(await store.endSessions('hash', 1_000)).toEqual([]);
      expect(await store.getSession('handle')).toBeNull();
      expect(await store.getSession('other')).not.toBeNull();
    });

    it('a login that is lost cannot be finished', async () => {
      const store = open();
      await store.add(login(), TTL);
      await store.answer('handle', answer);
      await client.del('launchkey:login:handle');
      expect(await store.consume('handle')).toBeNull();
      expect(await store.waitForAnswer('handle', never())).toBeNull();
    });
  });

  describe('waiting', () => {
    it('is woken by a message alone', async () => {
      const store = open({ recheckInterval: TTL });
      await store.add(login(), TTL);
      const wait = store.waitForAnswer('handle', never());
      await subscribers(client, 1);
      await new RedisStore({ client: await connectRedis(server.url) }).answer('handle', answer);
      expect(await wait).toMatchObject({ state: 'answered', answer });
    });

    it('finds the answer by itself where the message was lost', async () => {
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

    it('finds it also where Redis allows no subscription', async () => {
      const name = 'no-channels';
      await client.aclSetUser(name, ['on', '>password', '~*', '+@all', 'resetchannels']);
      const { hostname, port } = new URL(server.url);
      const limited = await connectRedis(`redis://${name}:password@${hostname}:${port}`);
      const store = open({ client: limited, recheckInterval: 50 });
      await store.add(login(), TTL);
      const wait = store.waitForAnswer('handle', never());
      await open().answer('handle', answer);
      expect(await wait).toMatchObject({ state: 'answered' });
    });

    it('gets its answer from a process that may not publish', async () => {
      const name = 'no-publishing';
      await client.aclSetUser(name, ['on', '>password', '~*', '+@all', 'resetchannels']);
      const { hostname, port } = new URL(server.url);
      const limited = await connectRedis(`redis://${name}:password@${hostname}:${port}`);
      const store = open({ recheckInterval: 50 });
      await store.add(login(), TTL);
      const wait = store.waitForAnswer('handle', never());
      expect(await open({ client: limited }).answer('handle', answer)).toBe(true);
      expect(await wait).toMatchObject({ state: 'answered' });
    });

    it('uses one more connection however many wait, and none when nobody has', async () => {
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

    it('notices what was answered while the connection for messages was lost', async () => {
      const store = open({ recheckInterval: TTL });
      await store.add(login(), TTL);
      const wait = store.waitForAnswer('handle', never());
      await subscribers(client, 1);
      await client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'pubsub']);
      await store.answer('handle', answer);
      expect(await wait).toMatchObject({ state: 'answered' });
    });

    it('leaves no connection behind that was being made when the store was closed', async () => {
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

    it('ends with an error when the store is closed', async () => {
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

  describe('while Redis is away', () => {
    /** A server that may be killed. */
    async function ownServer(options: Partial<RedisStoreOptions> = {}) {
      const own = await RedisServer.start();
      onTestFinished(() => own.stop());
      const ownClient = await connectRedis(own.url);
      return { own, ownClient, store: open({ client: ownClient, ...options }) };
    }

    it('every method rejects with one class of error, and works again afterwards', async () => {
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
      // Not once(): a try to connect that fails meanwhile is an error, too.
      const ready = new Promise((resolve) => ownClient.once('ready', resolve));
      await own.restart();
      await ready;
      // None of the calls that were given up is made up for.
      expect(await ownClient.dbSize()).toBe(0);
      await CALLS.add(store);
      const wait = CALLS.waitForAnswer(store);
      expect(await CALLS.answer(store)).toBe(true);
      expect(await wait).toMatchObject({ state: 'answered' });
    });

    it('a wait outlives a short restart of Redis', async () => {
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
      // This Redis keeps nothing over a restart.
      expect(await wait).toBeNull();
      await store.add(login(), TTL);
      const next = store.waitForAnswer('handle', never());
      await subscribers(ownClient, 1);
      await store.answer('handle', answer);
      expect(await next).toMatchObject({ state: 'answered' });
    });

    it('a restart is bridged although Redis has much to read', async () => {
      const { own, ownClient, store } = await ownServer({ recheckInterval: 50 });
      await store.add(login(), TTL);
      // It hears nothing while it reads 1 KiB, and reads each key slowly.
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

    it('one that reads for longer than a call may take is an error', async () => {
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
    ])('one that %s takes no step, and says so', async (_, begin, end) => {
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

    it('a wait ends with an error where it stays away', async () => {
      const { own, store } = await ownServer({ timeout: 50, recheckInterval: 50 });
      await store.add(login(), TTL);
      const wait = store.waitForAnswer('handle', never());
      await Promise.all([expect(wait).rejects.toThrow(StoreUnavailableError), own.kill()]);
    });

    it('a call that Redis does not answer is given up', async () => {
      const { own, store } = await ownServer({ timeout: 50 });
      own.freeze(true);
      await expect(store.get('handle')).rejects.toThrow('no reply within 50 ms');
      own.freeze(false);
    });

    it('a client that was closed is an error, too', async () => {
      const { ownClient, store } = await ownServer();
      await ownClient.close();
      await expect(store.get('handle')).rejects.toThrow(StoreUnavailableError);
    });

    it('the error says why, without anything secret', async () => {
      await client.set('launchkey:login:handle', 'secret of somebody');
      await client.set('launchkey:session:handle', 'secret of somebody');
      const store = open();
      for (const call of Object.values(CALLS)) {
        const error = await call(store).catch((reason) => reason);
        if (!(error instanceof Error)) continue;
        expect(error.message).toMatch(/WRONGTYPE/);
        expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret of');
      }
      await client.del('launchkey:login:handle');
      await client.hSet('launchkey:login:handle', { state: 'pending', login: 'secret of nobody' });
      const error = await store.get('handle').catch((reason) => reason);
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('secret of');
    });
  });

  describe('the process', () => {
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

    it("ends with the application's own client, though somebody waits", async () => {
      const child = await run(server.url);
      await subscribers(client, 1);
      const ended = once(child, 'exit');
      child.stdin?.write('end\n');
      expect(await ended).toEqual([0, null]);
    });

    it('ends while Redis is away', async () => {
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
  ])('refuses %o', (options, message) => {
    expect(() => new RedisStore({ client, ...(options as object) })).toThrow(message);
  });
});
