import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { getEventListeners } from 'node:events';
import type { Answer, LaunchKeySession, LoginRecord, PendingLogin, Place, Store } from './store.js';

/**
 * Opens the store that is checked. Equal names must lead to the same storage, as for two processes
 * of one application. Different names must lead to separate storage, as for two applications. A
 * store in memory may return the same object for the same name.
 */
export type OpenStore = (name: string) => Store | Promise<Store>;

/** Options of a {@link StoreContractCase}. */
export interface StoreContractOptions {
  /**
   * Milliseconds within which a store must notice an answer, and forget expired records. A case
   * takes that long only if the store fails. Default 10,000.
   */
  patience?: number | undefined;
}

/** One requirement on a {@link Store}. */
export interface StoreContractCase {
  /** The requirement, as the title of a test. */
  readonly name: string;
  /**
   * Checks the requirement.
   *
   * @throws an error, in most cases an `AssertionError`, if the store does not meet it.
   */
  run(open: OpenStore, options?: StoreContractOptions): Promise<void>;
}

/**
 * The requirements on every {@link Store}, as cases for any test runner.
 *
 * Each case uses storage of new names, and waits in real time for records to expire. The caller
 * closes the stores that were opened.
 *
 * @example
 * ```ts
 * import { test } from 'node:test';
 * import { storeContract } from 'passport-launchkey/store-contract';
 *
 * for (const { name, run } of storeContract) {
 *   test(name, () => run((storage) => new SqlStore({ schema: storage })));
 * }
 * ```
 */
export const storeContract: readonly StoreContractCase[] = [
  check('keeps a new login as pending', async ({ a, b }) => {
    const login = aLogin();
    await a.add(login, LONG_TTL_MS);
    assert.deepEqual(plain(await a.get(login.handle)), { ...login, state: 'pending' });
    assert.deepEqual(plain(await b.get(login.handle)), { ...login, state: 'pending' });
  }),

  check('returns null for an unknown login', async ({ a }) => {
    const { handle } = aLogin();
    assert.equal(await a.get(handle), null);
    assert.equal(await a.answer(handle, anAnswer()), false);
    assert.equal(await a.consume(handle), null);
    assert.equal(await a.waitForAnswer(handle, never()), null);
    await a.release(handle);
    assert.equal(await a.get(handle), null);
  }),

  check('refuses to add a login that it has, in every state', async ({ a, b }) => {
    const login = await added(a);
    const again = { ...login, username: 'mallory' };
    await assert.rejects(b.add(again, LONG_TTL_MS));
    assert.equal((await a.get(login.handle))?.username, 'alice');
    await a.answer(login.handle, anAnswer());
    await assert.rejects(b.add(again, LONG_TTL_MS));
    assert.equal((await a.get(login.handle))?.state, 'answered');
    await a.consume(login.handle);
    await assert.rejects(b.add(again, LONG_TTL_MS));
    assert.equal((await a.get(login.handle))?.state, 'finished');
    assert.equal(await a.consume(login.handle), null);
  }),

  check('keeps an approval and a denial with the login', async ({ a, b }) => {
    for (const answer of [anAnswer(), anAnswer({ authorized: false, reason: 'fraudulent' })]) {
      const login = aLogin();
      await a.add(login, LONG_TTL_MS);
      assert.equal(await b.answer(login.handle, answer), true);
      const answered = { ...login, state: 'answered', answer };
      assert.deepEqual(plain(await a.get(login.handle)), answered);
      assert.deepEqual(plain(await b.get(login.handle)), answered);
    }
  }),

  check('takes the first of many simultaneous answers only', async ({ a, b }) => {
    const { handle } = await added(a);
    const answers = Array.from({ length: 20 }, (_, index) =>
      anAnswer({ authorized: index % 2 === 0, digest: `digest ${index}` }),
    );
    const taken = await Promise.all(
      answers.map((answer, index) => (index % 3 ? a : b).answer(handle, answer)),
    );
    assert.equal(count(taken), 1, 'one of the answers is taken');
    const winner = answers[taken.indexOf(true)];
    assert.deepEqual(plain((await a.get(handle))?.answer), winner);
    assert.equal(await b.answer(handle, anAnswer({ digest: 'late' })), false);
    assert.deepEqual(plain((await b.get(handle))?.answer), winner);
  }),

  check('does not consume a login without an answer', async ({ a }) => {
    const { handle } = await added(a);
    assert.equal(await a.consume(handle), null);
    assert.equal((await a.get(handle))?.state, 'pending');
  }),

  check('lets one of many simultaneous calls consume an answered login', async ({ a, b }) => {
    for (let round = 0; round < 5; round++) {
      const login = await added(a);
      const answer = anAnswer();
      await a.answer(login.handle, answer);
      const consumed = await Promise.all(
        Array.from({ length: 20 }, (_, index) => (index % 2 ? a : b).consume(login.handle)),
      );
      const finished = { ...login, state: 'finished', answer };
      assert.deepEqual(plain(consumed.filter((record) => record !== null)), [finished]);
      assert.deepEqual(plain(await b.get(login.handle)), finished);
      assert.equal(await a.answer(login.handle, anAnswer({ digest: 'late' })), false);
    }
  }),

  check('lets a released login be consumed once more, with the same answer', async ({ a, b }) => {
    const { handle } = await added(a);
    const answer = anAnswer();
    await a.answer(handle, answer);
    await a.consume(handle);
    await b.release(handle);
    assert.equal((await a.get(handle))?.state, 'answered');
    assert.equal(await a.answer(handle, anAnswer({ authorized: false })), false);
    const consumed = await Promise.all([a.consume(handle), b.consume(handle), a.consume(handle)]);
    const [again, ...others] = consumed.filter((record) => record !== null);
    assert.deepEqual(others, []);
    assert.deepEqual(plain(again?.answer), answer);
  }),

  check('releases finished logins only', async ({ a }) => {
    const { handle } = await added(a);
    await a.release(handle);
    assert.equal((await a.get(handle))?.state, 'pending');
    await a.answer(handle, anAnswer());
    await a.release(handle);
    assert.equal((await a.get(handle))?.state, 'answered');
  }),

  check('forgets a login after its ttl, in every state', async ({ a, b }, maxWaitMs) => {
    const long = await added(a);
    const pending = await added(a, SHORT_TTL_MS);
    const answered = await added(a, SHORT_TTL_MS);
    const finished = await added(a, SHORT_TTL_MS);
    const released = await added(a, SHORT_TTL_MS);
    for (const { handle } of [answered, finished, released]) await a.answer(handle, anAnswer());
    for (const { handle } of [finished, released]) await a.consume(handle);
    await a.release(released.handle);
    for (const { handle } of [pending, answered, finished, released]) {
      await until(maxWaitMs, 'a login outlives its ttl', async () => !(await b.get(handle)));
      assert.equal(await a.answer(handle, anAnswer()), false);
      assert.equal(await a.consume(handle), null);
      assert.equal(await a.waitForAnswer(handle, never()), null);
      await a.release(handle);
      assert.equal(await a.get(handle), null);
    }
    assert.equal((await a.get(long.handle))?.state, 'pending');
  }),

  check('ends all waits for a login when it is answered', async ({ a, b }, maxWaitMs) => {
    const login = await added(a);
    const other = await added(a);
    const leave = new AbortController();
    const unanswered = a.waitForAnswer(other.handle, leave.signal);
    const waits = [a, b, a, b].map((store) => store.waitForAnswer(login.handle, never()));
    const answer = anAnswer();
    await b.answer(login.handle, answer);
    for (const record of await within(maxWaitMs, Promise.all(waits))) {
      assert.deepEqual(plain(record), { ...login, state: 'answered', answer });
    }
    leave.abort(new Error('no longer needed'));
    await assert.rejects(within(maxWaitMs, unanswered), /no longer needed/);
  }),

  check('ends a wait at once if the login is not pending', async ({ a, b }, maxWaitMs) => {
    const { handle } = await added(a);
    await a.answer(handle, anAnswer());
    assert.equal((await within(maxWaitMs, b.waitForAnswer(handle, never())))?.state, 'answered');
    await a.consume(handle);
    assert.equal((await within(maxWaitMs, b.waitForAnswer(handle, never())))?.state, 'finished');
  }),

  check('does not miss an answer that comes while a wait begins', async ({ a, b }, maxWaitMs) => {
    const { handle } = await added(a);
    const began = performance.now();
    await a.get(handle);
    const look = performance.now() - began;
    // The answers come from before the first look to well after it, in steps.
    for (let step = 0; step < 40; step++) {
      const login = await added(a);
      const wait = a.waitForAnswer(login.handle, never());
      wait.catch(() => {});
      const from = performance.now();
      for (let turn = 0; turn < step % 8; turn++) await turnOfTheLoop();
      while (performance.now() - from < (look * step) / 10) await turnOfTheLoop();
      assert.equal(await (step % 2 ? a : b).answer(login.handle, anAnswer()), true);
      assert.equal((await within(maxWaitMs, wait))?.state, 'answered');
    }
  }),

  check('rejects an aborted wait with the reason of its signal', async ({ a }, maxWaitMs) => {
    const { handle } = await added(a);
    const reason = new Error('no longer needed');
    const controller = new AbortController();
    const waits = [1, 2].map(() => a.waitForAnswer(handle, controller.signal));
    const other = a.waitForAnswer(handle, never());
    for (const wait of waits) wait.catch(() => {});
    await turnOfTheLoop();
    controller.abort(reason);
    for (const wait of waits) {
      await assert.rejects(within(maxWaitMs, wait), (error) => error === reason);
    }
    await assert.rejects(
      within(maxWaitMs, a.waitForAnswer(handle, controller.signal)),
      (error) => error === reason,
    );
    assert.equal(await a.answer(handle, anAnswer()), true);
    assert.equal((await within(maxWaitMs, other))?.state, 'answered');
  }),

  check('leaves no listener on the signal of a wait', async ({ a }, maxWaitMs) => {
    const { signal } = new AbortController();
    for (const state of ['answered', 'pending']) {
      const { handle } = await added(a);
      if (state === 'answered') await a.answer(handle, anAnswer());
      const wait = a.waitForAnswer(handle, signal);
      if (state === 'pending') await a.answer(handle, anAnswer());
      await within(maxWaitMs, wait);
      await turnOfTheLoop();
      assert.deepEqual(getEventListeners(signal, 'abort'), []);
    }
    const controller = new AbortController();
    const { handle } = await added(a);
    const wait = a.waitForAnswer(handle, controller.signal);
    wait.catch(() => {});
    await turnOfTheLoop();
    controller.abort();
    await assert.rejects(within(maxWaitMs, wait));
    await turnOfTheLoop();
    assert.deepEqual(getEventListeners(controller.signal, 'abort'), []);
  }),

  check('is not affected by later changes of its arguments', async ({ a }) => {
    const login = aLogin();
    const given = { ...login };
    await a.add(given, LONG_TTL_MS);
    given.username = 'mallory';
    const answer = anAnswer({ authorized: false });
    const said = { ...answer };
    await a.answer(login.handle, said);
    said.authorized = true;
    assert.deepEqual(plain(await a.get(login.handle)), { ...login, state: 'answered', answer });
    const session = aSession();
    const opened = { ...session };
    await a.openSession(opened, LONG_TTL_MS);
    opened.authRequest = 'another';
    assert.deepEqual(plain(await a.getSession(session.handle)), session);
  }),

  check('does not change records that it returned', async ({ a, b }) => {
    const { handle } = await added(a);
    const pending = await a.get(handle);
    await b.answer(handle, anAnswer({ authorized: false }));
    const answered = await a.get(handle);
    await b.consume(handle);
    assert.equal(pending?.state, 'pending');
    assert.equal(pending?.answer, undefined);
    assert.equal(answered?.state, 'answered');
    await b.release(handle);
    assert.equal(answered?.state, 'answered');
  }),

  check('is not affected by changes of returned records', async ({ a }) => {
    const { handle } = await added(a);
    await a.answer(handle, anAnswer({ authorized: false }));
    const session = aSession();
    await a.openSession(session, LONG_TTL_MS);
    const bystander = await a.get(handle);
    for (const record of [
      await a.get(handle),
      await a.waitForAnswer(handle, never()),
      await a.consume(handle),
    ]) {
      tryToChange(record, { username: 'mallory', state: 'answered' });
      tryToChange(record?.answer, { authorized: true });
    }
    tryToChange(await a.getSession(session.handle), { userHash: 'another' });
    for (const record of [bystander, await a.get(handle)]) {
      assert.equal(record?.username, 'alice');
      assert.equal(record?.answer?.authorized, false);
    }
    assert.equal((await a.get(handle))?.state, 'finished');
    assert.deepEqual(plain(await a.getSession(session.handle)), session);
    for (const ended of await a.endSessions(session.userHash, session.startedAt)) {
      tryToChange(ended, { authRequest: 'another' });
    }
    assert.deepEqual(plain(await a.endSessions(session.userHash, session.startedAt)), [session]);
  }),

  check('gives out as many pending slots as the limit to simultaneous calls', async ({ a, b }) => {
    for (const limit of [1, 5]) {
      const of = randomUUID();
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 ? a : b).takePlace(aSlot(of), limit, LONG_TTL_MS),
        ),
      );
      const refused = results.filter((freeInMs) => freeInMs !== null);
      assert.equal(results.length - refused.length, limit, 'as many slots are taken as the limit');
      for (const freeInMs of refused) {
        assert.ok(
          freeInMs > 0 && freeInMs <= LONG_TTL_MS,
          `a slot becomes free within its ttl, not in ${freeInMs} ms`,
        );
      }
    }
  }),

  check(
    'removes a login in every state, and ends its waits, if it has remove()',
    async (stores, maxWaitMs) => {
      const { a, b } = stores;
      if (!a.remove || !b.remove) return;
      const pending = await added(a);
      const wait = b.waitForAnswer(pending.handle, never());
      await a.remove(pending.handle);
      assert.equal(await within(maxWaitMs, wait), null);
      const answered = await added(a);
      await a.answer(answered.handle, anAnswer());
      const finished = await added(a);
      await a.answer(finished.handle, anAnswer());
      await a.consume(finished.handle);
      const kept = await added(a);
      for (const { handle } of [answered, finished]) await b.remove(handle);
      for (const { handle } of [pending, answered, finished]) {
        assert.equal(await a.get(handle), null);
        await b.remove(handle);
      }
      assert.equal((await a.get(kept.handle))?.state, 'pending');
      await a.add(pending, LONG_TTL_MS);
      assert.equal((await b.get(pending.handle))?.state, 'pending');
    },
  ),

  check('counts the pending slots of each name separately', async ({ a, b }) => {
    const [one, two] = [aSlot(), aSlot()];
    assert.equal(await a.takePlace(one, 1, LONG_TTL_MS), null);
    assert.equal(await b.takePlace(two, 1, LONG_TTL_MS), null);
    assert.notEqual(await b.takePlace(aSlot(one.of), 1, LONG_TTL_MS), null);
  }),

  check('gives out a returned pending slot once', async ({ a, b }) => {
    const of = randomUUID();
    const slot = aSlot(of);
    await a.takePlace(slot, 2, LONG_TTL_MS);
    await a.takePlace(aSlot(of), 2, LONG_TTL_MS);
    await b.leavePlace(aSlot(of));
    assert.notEqual(
      await a.takePlace(aSlot(of), 2, LONG_TTL_MS),
      null,
      'another slot was returned',
    );
    await b.leavePlace(slot);
    await b.leavePlace(slot);
    assert.equal(await a.takePlace(aSlot(of), 2, LONG_TTL_MS), null);
    assert.notEqual(await b.takePlace(aSlot(of), 2, LONG_TTL_MS), null);
  }),

  check('frees a pending slot after its ttl, and no other slot', async (stores, maxWaitMs) => {
    const { a, b } = stores;
    const of = randomUUID();
    await a.takePlace(aSlot(of), 2, SHORT_TTL_MS);
    await a.takePlace(aSlot(of), 2, LONG_TTL_MS);
    await until(
      maxWaitMs,
      'a pending slot outlives its ttl',
      async () => (await b.takePlace(aSlot(of), 2, LONG_TTL_MS)) === null,
    );
    assert.notEqual(await a.takePlace(aSlot(of), 2, LONG_TTL_MS), null);
  }),

  check('keeps storage of different names separate', async ({ a, other }, maxWaitMs) => {
    const login = aLogin();
    await a.add(login, LONG_TTL_MS);
    assert.equal(await other.get(login.handle), null);
    assert.equal(await other.answer(login.handle, anAnswer()), false);
    await other.add({ ...login, username: 'bob' }, LONG_TTL_MS);
    assert.equal((await a.get(login.handle))?.username, 'alice');
    const leave = new AbortController();
    const wait = a.waitForAnswer(login.handle, leave.signal);
    wait.catch(() => {});
    assert.equal(await other.answer(login.handle, anAnswer()), true);
    assert.equal((await a.get(login.handle))?.state, 'pending');
    assert.equal(await a.consume(login.handle), null);
    leave.abort(new Error('no longer needed'));
    await assert.rejects(within(maxWaitMs, wait), /no longer needed/);
    assert.equal((await other.consume(login.handle))?.username, 'bob');

    const slot = aSlot();
    assert.equal(await a.takePlace(slot, 1, LONG_TTL_MS), null);
    assert.equal(await other.takePlace(slot, 1, LONG_TTL_MS), null);
    await other.leavePlace(slot);
    assert.notEqual(await a.takePlace(aSlot(slot.of), 1, LONG_TTL_MS), null);

    const session = aSession();
    await a.openSession(session, LONG_TTL_MS);
    assert.equal(await other.getSession(session.handle), null);
    assert.deepEqual(await other.endSessions(session.userHash, session.startedAt), []);
    await other.removeSession(session.handle);
    assert.deepEqual(plain(await a.getSession(session.handle)), session);
  }),

  check('finds a LaunchKey session until it is removed', async ({ a, b }) => {
    const session = aSession();
    assert.equal(await a.getSession(session.handle), null);
    await a.openSession(session, LONG_TTL_MS);
    assert.deepEqual(plain(await a.getSession(session.handle)), session);
    assert.deepEqual(plain(await b.getSession(session.handle)), session);
    await b.removeSession(session.handle);
    assert.equal(await a.getSession(session.handle), null);
    assert.deepEqual(await a.endSessions(session.userHash, session.startedAt), []);
    await a.removeSession(session.handle);
  }),

  check('forgets a LaunchKey session after its ttl', async ({ a, b }, maxWaitMs) => {
    const user = randomUUID();
    const open = aSession(user);
    const ended = aSession(user, 500);
    const long = aSession(user);
    await a.openSession(long, LONG_TTL_MS);
    await a.openSession(open, SHORT_TTL_MS);
    await a.openSession(ended, SHORT_TTL_MS);
    // Ending a session must not extend its life.
    await a.endSessions(user, 500);
    await until(
      maxWaitMs,
      'a session outlives its ttl',
      async () => !(await b.getSession(open.handle)),
    );
    await until(maxWaitMs, 'an ended session outlives its ttl', async () => {
      const ended = await b.endSessions(user, 500);
      return ended.length === 0;
    });
    assert.deepEqual(plain(await b.getSession(long.handle)), long);
    assert.deepEqual(plain(await a.endSessions(user, long.startedAt)), [long]);
  }),

  check('ends the sessions of a user that began at or before a time', async ({ a, b }) => {
    const user = randomUUID();
    const before = aSession(user, 1_700_000_000_000);
    const at = aSession(user, 1_700_000_001_000);
    const after = aSession(user, 1_700_000_002_000);
    const stranger = aSession(randomUUID(), 1_700_000_000_000);
    for (const session of [after, before, stranger, at]) await a.openSession(session, LONG_TTL_MS);
    assert.deepEqual(
      byStart(await b.endSessions(user, 1_700_000_001_000)),
      [before, at],
      'those that began at or before the time are returned',
    );
    assert.equal(await a.getSession(before.handle), null);
    assert.equal(await a.getSession(at.handle), null);
    assert.deepEqual(plain(await a.getSession(after.handle)), after);
    assert.deepEqual(plain(await a.getSession(stranger.handle)), stranger);
  }),

  check('returns ended sessions again until they are removed', async ({ a, b }) => {
    const user = randomUUID();
    const first = aSession(user, 1_000);
    const second = aSession(user, 2_000);
    const third = aSession(user, 3_000);
    for (const session of [first, second, third]) await a.openSession(session, LONG_TTL_MS);
    await a.endSessions(user, 2_000);
    assert.deepEqual(byStart(await b.endSessions(user, 500)), [first, second]);
    await b.removeSession(first.handle);
    assert.deepEqual(byStart(await a.endSessions(user, 500)), [second]);
    assert.deepEqual(byStart(await a.endSessions(user, 3_000)), [second, third]);
    await a.removeSession(second.handle);
    await a.removeSession(third.handle);
    assert.deepEqual(await b.endSessions(user, 3_000), []);
  }),
];

/** Expires during a case, but leaves a slow machine the time for a few steps. */
const SHORT_TTL_MS = 250;
/** Does not expire during a case. */
const LONG_TTL_MS = 3_600_000;
/** The default of {@link StoreContractOptions.patience}. */
const DEFAULT_PATIENCE_MS = 10_000;
/** The interval at which {@link until} asks. */
const ASK_INTERVAL_MS = 10;

interface Stores {
  /** Shares its storage with `b`. */
  a: Store;
  b: Store;
  /** Has a storage of its own. */
  other: Store;
}

function check(
  name: string,
  body: (stores: Stores, maxWaitMs: number) => Promise<void>,
): StoreContractCase {
  return {
    name,
    async run(open, { patience: maxWaitMs = DEFAULT_PATIENCE_MS } = {}) {
      const storage = `contract-${randomUUID()}`;
      const a = await open(storage);
      const b = await open(storage);
      const other = await open(`contract-${randomUUID()}`);
      await body({ a, b, other }, maxWaitMs);
    },
  };
}

function aLogin(): PendingLogin {
  const startedAt = Date.now();
  return {
    handle: randomUUID(),
    authRequest: `auth request ${randomUUID()}`,
    username: 'alice',
    session: true,
    number: 42,
    places: [aSlot(), aSlot()],
    startedAt,
    expiresAt: startedAt + LONG_TTL_MS,
  };
}

function aSlot(of: string = randomUUID()): Place {
  return { of, id: randomUUID() };
}

async function added(store: Store, ttl = LONG_TTL_MS): Promise<PendingLogin> {
  const login = aLogin();
  await store.add(login, ttl);
  return login;
}

function anAnswer(parts: Partial<Answer> = {}): Answer {
  return {
    authorized: true,
    userHash: 'hash of alice',
    organizationUser: 'ä"\\ and 👤',
    userPushId: 'push id',
    deviceId: 'device',
    digest: 'digest',
    ...parts,
  };
}

function aSession(userHash: string = randomUUID(), startedAt = 1_000): LaunchKeySession {
  const handle = randomUUID();
  return { handle, authRequest: `auth request of ${handle}`, userHash, startedAt };
}

function byStart(sessions: LaunchKeySession[]): LaunchKeySession[] {
  return plain(sessions).toSorted((one, other) => one.startedAt - other.startedAt);
}

/** Removes `undefined` members and the store's own prototypes. */
function plain<T>(value: T): T {
  return value === undefined ? value : JSON.parse(JSON.stringify(value));
}

function count(taken: boolean[]): number {
  return taken.filter(Boolean).length;
}

/** Tries to change a record, which a store may prevent. */
function tryToChange(
  record: LoginRecord | Answer | LaunchKeySession | null | undefined,
  changes: object,
): void {
  try {
    Object.assign(record ?? {}, changes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

function never(): AbortSignal {
  return new AbortController().signal;
}

function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Rejects if a promise does not settle within the time. */
async function within<T>(maxWaitMs: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () =>
        reject(new assert.AssertionError({ message: `a wait did not end within ${maxWaitMs} ms` })),
      maxWaitMs,
    );
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks until the condition holds, because a store does not announce that it forgets a record. */
async function until(
  maxWaitMs: number,
  message: string,
  condition: () => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + maxWaitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new assert.AssertionError({ message });
    await new Promise((resolve) => setTimeout(resolve, ASK_INTERVAL_MS));
  }
}
