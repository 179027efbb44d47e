import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryStore } from '../../lib/store/memory.js';
import type { Answer, LaunchKeySession, PendingLogin } from '../../lib/store/store.js';

const TTL = 60_000;

const login = (handle = 'handle'): PendingLogin => ({
  handle,
  authRequest: `request of ${handle}`,
  username: 'alice',
  session: true,
  startedAt: Date.now(),
  expiresAt: Date.now() + TTL,
});

const answer = (authorized = true): Answer => ({ authorized, userHash: 'hash', digest: 'digest' });

const session = (handle: string, startedAt: number, userHash = 'hash'): LaunchKeySession => ({
  handle,
  authRequest: `request of ${handle}`,
  userHash,
  startedAt,
});

const never = () => new AbortController().signal;

describe('MemoryStore', () => {
  let store: MemoryStore;

  beforeEach(() => {
    store = new MemoryStore();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  describe('a login', () => {
    it('is pending when it was added', async () => {
      const added = login();
      await store.add(added, TTL);
      expect(await store.get('handle')).toEqual({ ...added, state: 'pending' });
    });

    it('is null where there is none', async () => {
      expect(await store.get('handle')).toBeNull();
      expect(await store.answer('handle', answer())).toBe(false);
      expect(await store.consume('handle')).toBeNull();
      expect(await store.waitForAnswer('handle', never())).toBeNull();
    });

    it('takes the first answer only', async () => {
      await store.add(login(), TTL);
      const taken = await Promise.all([
        store.answer('handle', answer(false)),
        store.answer('handle', answer(true)),
      ]);
      expect(taken).toEqual([true, false]);
      expect(await store.get('handle')).toMatchObject({
        state: 'answered',
        answer: { authorized: false },
      });
    });

    it('cannot be consumed before it is answered', async () => {
      await store.add(login(), TTL);
      expect(await store.consume('handle')).toBeNull();
      expect(await store.get('handle')).toMatchObject({ state: 'pending' });
    });

    it('is consumed by one of many', async () => {
      await store.add(login(), TTL);
      await store.answer('handle', answer());
      const consumed = await Promise.all(Array.from({ length: 20 }, () => store.consume('handle')));
      expect(consumed.filter((record) => record !== null)).toEqual([
        expect.objectContaining({ state: 'finished', answer: answer() }),
      ]);
    });

    it('can be consumed once more after it was released', async () => {
      await store.add(login(), TTL);
      await store.answer('handle', answer());
      await store.consume('handle');
      await store.release('handle');
      expect(await store.answer('handle', answer(false))).toBe(false);
      expect(await store.consume('handle')).toMatchObject({ answer: { authorized: true } });
      expect(await store.consume('handle')).toBeNull();
    });

    it('hands out records that nobody can change', async () => {
      const given = { ...login() };
      await store.add(given, TTL);
      given.username = 'mallory';
      const said = { ...answer(false) };
      await store.answer('handle', said);
      said.authorized = true;
      const record = await store.get('handle');
      expect(() => Object.assign(record as object, { state: 'pending' })).toThrow(TypeError);
      expect(() => Object.assign(record?.answer as object, { authorized: true })).toThrow(
        TypeError,
      );
      expect(await store.get('handle')).toMatchObject({
        username: 'alice',
        answer: { authorized: false },
      });
    });

    it('is gone when its time is up, whatever its state', async () => {
      vi.useFakeTimers({ toFake: ['Date'] });
      await store.add(login('pending'), TTL);
      await store.add(login('answered'), TTL);
      await store.answer('answered', answer());
      vi.setSystemTime(Date.now() + TTL);
      expect(await store.get('pending')).toBeNull();
      expect(await store.answer('pending', answer())).toBe(false);
      expect(await store.consume('answered')).toBeNull();
    });
  });

  describe('waiting for an answer', () => {
    it('ends for everyone with the answer', async () => {
      await store.add(login(), TTL);
      const waits = [
        store.waitForAnswer('handle', never()),
        store.waitForAnswer('handle', never()),
      ];
      await store.answer('handle', answer());
      for (const record of await Promise.all(waits)) expect(record?.answer).toEqual(answer());
    });

    it('ends at once where the answer is there already', async () => {
      await store.add(login(), TTL);
      await store.answer('handle', answer());
      expect(await store.waitForAnswer('handle', never())).toMatchObject({ state: 'answered' });
    });

    it('is given up when its signal is aborted, and leaves nothing on the signal', async () => {
      await store.add(login(), TTL);
      const controller = new AbortController();
      const wait = store.waitForAnswer('handle', controller.signal);
      controller.abort(new Error('enough'));
      await expect(wait).rejects.toThrow('enough');
      await expect(store.waitForAnswer('handle', controller.signal)).rejects.toThrow('enough');
      expect(await store.answer('handle', answer())).toBe(true);
    });
  });

  describe('bounds', () => {
    it('refuses a login that it has no room for, and says so', async () => {
      store = new MemoryStore({ maxLogins: 2 });
      await store.add(login('a'), TTL);
      await store.add(login('b'), TTL);
      await expect(store.add(login('c'), TTL)).rejects.toMatchObject({
        code: 'LAUNCHKEY_STORE_FULL',
      });
      expect(await store.get('a')).not.toBeNull();
    });

    it('makes room by dropping what has expired or is finished', async () => {
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

    it('drops the oldest LaunchKey session for a new one', async () => {
      store = new MemoryStore({ maxSessions: 2 });
      for (const handle of ['a', 'b', 'c']) await store.openSession(session(handle, 0), TTL);
      expect(await store.getSession('a')).toBeNull();
      expect(await store.getSession('c')).not.toBeNull();
      expect(await store.endSessions('hash', 0)).toHaveLength(2);
    });

    it.each([0, -1, 1.5, Number.NaN])('refuses a limit of %s', (maxLogins) => {
      expect(() => new MemoryStore({ maxLogins })).toThrow(/'maxLogins' must be a positive whole/);
    });
  });

  describe('LaunchKey sessions', () => {
    it('are found until they are removed', async () => {
      await store.openSession(session('a', 1000), TTL);
      expect(await store.getSession('a')).toEqual(session('a', 1000));
      await store.removeSession('a');
      expect(await store.getSession('a')).toBeNull();
    });

    it('are found until their time is up', async () => {
      vi.useFakeTimers({ toFake: ['Date'] });
      await store.openSession(session('a', 1000), TTL);
      vi.setSystemTime(Date.now() + TTL);
      expect(await store.getSession('a')).toBeNull();
      expect(await store.endSessions('hash', 1000)).toEqual([]);
    });

    it('of one user are ended up to a time, that time included', async () => {
      await store.openSession(session('before', 1000), TTL);
      await store.openSession(session('at', 2000), TTL);
      await store.openSession(session('after', 3000), TTL);
      await store.openSession(session('other', 1000, 'other hash'), TTL);
      const ended = await store.endSessions('hash', 2000);
      expect(ended.map(({ handle }) => handle)).toEqual(['before', 'at']);
      expect(await store.getSession('before')).toBeNull();
      expect(await store.getSession('at')).toBeNull();
      expect(await store.getSession('after')).not.toBeNull();
      expect(await store.getSession('other')).not.toBeNull();
    });

    it('that were ended are named again until they are removed', async () => {
      await store.openSession(session('a', 1000), TTL);
      await store.endSessions('hash', 2000);
      expect(await store.endSessions('hash', 500)).toEqual([session('a', 1000)]);
      await store.removeSession('a');
      expect(await store.endSessions('hash', 2000)).toEqual([]);
    });
  });
});
