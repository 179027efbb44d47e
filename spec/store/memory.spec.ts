import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryStore } from '../../lib/store/memory.js';
import type { Answer, LaunchKeySession, PendingLogin } from '../../lib/store/store.js';
import { makePair } from '../support/keys.js';

const TTL = 60_000;

const login = (handle = 'handle'): PendingLogin => ({
  handle,
  authRequest: `request of ${handle}`,
  username: 'alice',
  session: true,
  startedAt: Date.now(),
  expiresAt: Date.now() + TTL,
});

const answer = (): Answer => ({ authorized: true, userHash: 'hash', digest: 'digest' });

const session = (handle: string, startedAt: number): LaunchKeySession => ({
  handle,
  authRequest: `request of ${handle}`,
  userHash: 'hash',
  startedAt,
});

describe('MemoryStore', () => {
  let store: MemoryStore;

  beforeEach(() => {
    store = new MemoryStore();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('forgets a login exactly at the end of its ttl', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    await store.add(login(), TTL);
    await store.openSession(session('handle', 1000), TTL);
    vi.setSystemTime(Date.now() + TTL - 1);
    expect(await store.get('handle')).not.toBeNull();
    expect(await store.getSession('handle')).not.toBeNull();
    vi.setSystemTime(Date.now() + 1);
    expect(await store.get('handle')).toBeNull();
    expect(await store.getSession('handle')).toBeNull();
    expect(await store.endSessions('hash', 1000)).toEqual([]);
  });

  it('returns frozen records', async () => {
    await store.add(login(), TTL);
    await store.answer('handle', answer());
    const record = await store.get('handle');
    expect(() => Object.assign(record as object, { state: 'pending' })).toThrow(TypeError);
    expect(() => Object.assign(record?.answer as object, { authorized: false })).toThrow(TypeError);
  });

  describe('the limits of MemoryStore', () => {
    it('refuses a login with a StoreFullError when it is full of pending logins', async () => {
      store = new MemoryStore({ maxLogins: 2 });
      await store.add(login('a'), TTL);
      await store.add(login('b'), TTL);
      await expect(store.add(login('c'), TTL)).rejects.toMatchObject({
        code: 'LAUNCHKEY_STORE_FULL',
      });
      expect(await store.get('a')).not.toBeNull();
    });

    it('makes room by dropping expired and finished logins', async () => {
      vi.useFakeTimers({ toFake: ['Date'] });
      store = new MemoryStore({ maxLogins: 2 });
      await store.add(login('long'), 10 * TTL);
      await store.add(login('short'), TTL);
      vi.setSystemTime(Date.now() + TTL);
      await store.add(login('next'), TTL);
      await store.answer('next', answer());
      await store.consume('next');
      await store.add(login('last'), TTL);
      expect(await store.get('long')).not.toBeNull();
      expect(await store.get('next')).toBeNull();
      expect(await store.get('last')).not.toBeNull();
    });

    it('refuses a pending slot when it is full, until others are returned or expire', async () => {
      vi.useFakeTimers({ toFake: ['Date'] });
      store = new MemoryStore({ maxLogins: 1 });
      const take = (of: string, ttl = TTL) => store.takePlace({ of, id: 'id' }, 1, ttl);
      expect(await take('long', 10 * TTL)).toBeNull();
      expect(await take('short')).toBeNull();
      await expect(take('other')).rejects.toMatchObject({ code: 'LAUNCHKEY_STORE_FULL' });
      expect(await take('short')).toBe(TTL);
      vi.setSystemTime(Date.now() + TTL);
      expect(await take('other')).toBeNull();
      await store.leavePlace({ of: 'long', id: 'id' });
      expect(await take('last')).toBeNull();
    });

    it('drops the oldest LaunchKey session for a new one', async () => {
      store = new MemoryStore({ maxSessions: 2 });
      for (const handle of ['a', 'b', 'c']) await store.openSession(session(handle, 0), TTL);
      expect(await store.getSession('a')).toBeNull();
      expect(await store.getSession('c')).not.toBeNull();
      expect(await store.endSessions('hash', 0)).toHaveLength(2);
    });

    it.each([0, -1, 1.5, Number.NaN])('refuses a limit of %s', (maxLogins) => {
      expect(() => new MemoryStore({ maxLogins })).toThrow(
        /^maxLogins of MemoryStore must be a positive whole/,
      );
    });
  });

  describe('MemoryStore as the default of a strategy', () => {
    const options = {
      apiBaseUrl: 'https://engine.example.com/v1',
      appKey: 1234567890,
      secretKey: 'x'.repeat(32),
      privateKey: makePair().privateKey,
    };

    /** Creates strategies in a new process, and returns the warnings. */
    async function warningsOf(environment: string, given?: MemoryStore): Promise<unknown[]> {
      vi.stubEnv('NODE_ENV', environment);
      const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
      vi.resetModules();
      const { LaunchKeyStrategy } = await import('../../lib/index.js');
      for (let made = 0; made < 3; made++) {
        new LaunchKeyStrategy({ ...options, store: given }, async () => false);
      }
      return emitWarning.mock.calls.map((call) => call[1]);
    }

    afterEach(() => {
      vi.unstubAllEnvs();
      vi.restoreAllMocks();
    });

    it('warns once in production', async () => {
      expect(await warningsOf('production')).toEqual([
        expect.objectContaining({ code: 'LAUNCHKEY_MEMORY_STORE' }),
      ]);
    });

    it('does not warn outside production', async () => {
      expect(await warningsOf('development')).toEqual([]);
    });

    it('does not warn if the application passes it', async () => {
      expect(await warningsOf('production', new MemoryStore())).toEqual([]);
    });
  });
});
