import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { getEventListeners } from 'node:events';
import type { Answer, LaunchKeySession, LoginRecord, PendingLogin, Place, Store } from './store.js';

/**
 * Makes the store that is checked. The same name must lead to the same storage, as it does for two
 * processes of one application; different names to storage apart, as for two applications. A store
 * in memory may hand out the same object for the same name.
 */
export type OpenStore = (name: string) => Store | Promise<Store>;

/** Options of a {@link StoreContractCase}. */
export interface StoreContractOptions {
  /**
   * For how many milliseconds a store may be late: in noticing an answer, or in forgetting what
   * has expired. Only a store that fails takes that long. Default 10,000.
   */
  patience?: number | undefined;
}

/** One thing that a {@link Store} has to keep to. */
export interface StoreContractCase {
  readonly name: string;
  /** Rejects, mostly with an `AssertionError`, where the store does not keep to it. */
  run(open: OpenStore, options?: StoreContractOptions): Promise<void>;
}

/**
 * What every {@link Store} has to keep to, as cases for any test runner. Every case uses storage of a name that was never used before, and waits in real time for what
 * expires. Closing what was opened is the caller's.
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
  check('a login is pending once it was added', async ({ a, b }) => {
    const login = aLogin();
    await a.add(login, LONG);
    assert.deepEqual(plain(await a.get(login.handle)), { ...login, state: 'pending' });
    assert.deepEqual(plain(await b.get(login.handle)), { ...login, state: 'pending' });
  }),

  check('a login that was never added is null to all who ask', async ({ a }) => {
    const { handle } = aLogin();
    assert.equal(await a.get(handle), null);
    assert.equal(await a.answer(handle, anAnswer()), false);
    assert.equal(await a.consume(handle), null);
    assert.equal(await a.waitForAnswer(handle, never()), null);
    await a.release(handle);
    assert.equal(await a.get(handle), null);
  }),

  check('a login that is kept is not added anew, in any state', async ({ a, b }) => {
    const login = await added(a);
    const again = { ...login, username: 'mallory' };
    await assert.rejects(b.add(again, LONG));
    assert.equal((await a.get(login.handle))?.username, 'alice');
    await a.answer(login.handle, anAnswer());
    await assert.rejects(b.add(again, LONG));
    assert.equal((await a.get(login.handle))?.state, 'answered');
    await a.consume(login.handle);
    await assert.rejects(b.add(again, LONG));
    assert.equal((await a.get(login.handle))?.state, 'finished');
    assert.equal(await a.consume(login.handle), null);
  }),

  check('an answer is kept with the login, whatever it says', async ({ a, b }) => {
    for (const answer of [anAnswer(), anAnswer({ authorized: false, reason: 'fraudulent' })]) {
      const login = aLogin();
      await a.add(login, LONG);
      assert.equal(await b.answer(login.handle, answer), true);
      const answered = { ...login, state: 'answered', answer };
      assert.deepEqual(plain(await a.get(login.handle)), answered);
      assert.deepEqual(plain(await b.get(login.handle)), answered);
    }
  }),

  check('the first of many answers at once is the only one', async ({ a, b }) => {
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

  check('a login that was not answered cannot be consumed', async ({ a }) => {
    const { handle } = await added(a);
    assert.equal(await a.consume(handle), null);
    assert.equal((await a.get(handle))?.state, 'pending');
  }),

  check('an answered login is consumed by one of many', async ({ a, b }) => {
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

  check('a released login can be consumed once more, with its old answer', async ({ a, b }) => {
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

  check('releasing changes nothing but a finished login', async ({ a }) => {
    const { handle } = await added(a);
    await a.release(handle);
    assert.equal((await a.get(handle))?.state, 'pending');
    await a.answer(handle, anAnswer());
    await a.release(handle);
    assert.equal((await a.get(handle))?.state, 'answered');
  }),

  check('a login is forgotten when its time is up, in every state', async ({ a, b }, patience) => {
    const long = await added(a);
    const pending = await added(a, SHORT);
    const answered = await added(a, SHORT);
    const finished = await added(a, SHORT);
    const released = await added(a, SHORT);
    for (const { handle } of [answered, finished, released]) await a.answer(handle, anAnswer());
    for (const { handle } of [finished, released]) await a.consume(handle);
    await a.release(released.handle);
    for (const { handle } of [pending, answered, finished, released]) {
      await until(patience, 'a login outlives its time', async () => !(await b.get(handle)));
      assert.equal(await a.answer(handle, anAnswer()), false);
      assert.equal(await a.consume(handle), null);
      assert.equal(await a.waitForAnswer(handle, never()), null);
      await a.release(handle);
      assert.equal(await a.get(handle), null);
    }
    assert.equal((await a.get(long.handle))?.state, 'pending');
  }),

  check('an answer ends all waits for it', async ({ a, b }, patience) => {
    const login = await added(a);
    const other = await added(a);
    const leave = new AbortController();
    const unanswered = a.waitForAnswer(other.handle, leave.signal);
    const waits = [a, b, a, b].map((store) => store.waitForAnswer(login.handle, never()));
    const answer = anAnswer();
    await b.answer(login.handle, answer);
    for (const record of await soon(patience, Promise.all(waits))) {
      assert.deepEqual(plain(record), { ...login, state: 'answered', answer });
    }
    leave.abort(new Error('enough'));
    await assert.rejects(soon(patience, unanswered), /enough/);
  }),

  check('a wait ends at once where the login is not pending', async ({ a, b }, patience) => {
    const { handle } = await added(a);
    await a.answer(handle, anAnswer());
    assert.equal((await soon(patience, b.waitForAnswer(handle, never())))?.state, 'answered');
    await a.consume(handle);
    assert.equal((await soon(patience, b.waitForAnswer(handle, never())))?.state, 'finished');
  }),

  check('an answer given while a wait begins is not missed', async ({ a, b }, patience) => {
    const { handle } = await added(a);
    const began = performance.now();
    await a.get(handle);
    const look = performance.now() - began;
    // From before the first look to well after it, in steps.
    for (let step = 0; step < 40; step++) {
      const login = await added(a);
      const wait = a.waitForAnswer(login.handle, never());
      wait.catch(() => {});
      const from = performance.now();
      for (let turn = 0; turn < step % 8; turn++) await turnOfTheLoop();
      while (performance.now() - from < (look * step) / 10) await turnOfTheLoop();
      assert.equal(await (step % 2 ? a : b).answer(login.handle, anAnswer()), true);
      assert.equal((await soon(patience, wait))?.state, 'answered');
    }
  }),

  check('a wait is given up with the reason of its signal', async ({ a }, patience) => {
    const { handle } = await added(a);
    const reason = new Error('enough');
    const controller = new AbortController();
    const waits = [1, 2].map(() => a.waitForAnswer(handle, controller.signal));
    const other = a.waitForAnswer(handle, never());
    for (const wait of waits) wait.catch(() => {});
    await turnOfTheLoop();
    controller.abort(reason);
    for (const wait of waits) {
      await assert.rejects(soon(patience, wait), (error) => error === reason);
    }
    await assert.rejects(
      soon(patience, a.waitForAnswer(handle, controller.signal)),
      (error) => error === reason,
    );
    assert.equal(await a.answer(handle, anAnswer()), true);
    assert.equal((await soon(patience, other))?.state, 'answered');
  }),

  check('a wait leaves nothing on its signal, however it ends', async ({ a }, patience) => {
    const { signal } = new AbortController();
    for (const state of ['answered', 'pending']) {
      const { handle } = await added(a);
      if (state === 'answered') await a.answer(handle, anAnswer());
      const wait = a.waitForAnswer(handle, signal);
      if (state === 'pending') await a.answer(handle, anAnswer());
      await soon(patience, wait);
      await turnOfTheLoop();
      assert.deepEqual(getEventListeners(signal, 'abort'), []);
    }
    const controller = new AbortController();
    const { handle } = await added(a);
    const wait = a.waitForAnswer(handle, controller.signal);
    wait.catch(() => {});
    await turnOfTheLoop();
    controller.abort();
    await assert.rejects(soon(patience, wait));
    await turnOfTheLoop();
    assert.deepEqual(getEventListeners(controller.signal, 'abort'), []);
  }),

  check('what was handed in does not change the store', async ({ a }) => {
    const login = aLogin();
    const given = { ...login };
    await a.add(given, LONG);
    given.username = 'mallory';
    const answer = anAnswer({ authorized: false });
    const said = { ...answer };
    await a.answer(login.handle, said);
    said.authorized = true;
    assert.deepEqual(plain(await a.get(login.handle)), { ...login, state: 'answered', answer });
    const session = aSession();
    const opened = { ...session };
    await a.openSession(opened, LONG);
    opened.authRequest = 'another';
    assert.deepEqual(plain(await a.getSession(session.handle)), session);
  }),

  check('records that were handed out do not change', async ({ a, b }) => {
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

  check('who changes a record changes it for nobody else', async ({ a }) => {
    const { handle } = await added(a);
    await a.answer(handle, anAnswer({ authorized: false }));
    const session = aSession();
    await a.openSession(session, LONG);
    const bystander = await a.get(handle);
    for (const record of [
      await a.get(handle),
      await a.waitForAnswer(handle, never()),
      await a.consume(handle),
    ]) {
      scribble(record, { username: 'mallory', state: 'answered' });
      scribble(record?.answer, { authorized: true });
    }
    scribble(await a.getSession(session.handle), { userHash: 'another' });
    for (const record of [bystander, await a.get(handle)]) {
      assert.equal(record?.username, 'alice');
      assert.equal(record?.answer?.authorized, false);
    }
    assert.equal((await a.get(handle))?.state, 'finished');
    assert.deepEqual(plain(await a.getSession(session.handle)), session);
    for (const ended of await a.endSessions(session.userHash, session.startedAt)) {
      scribble(ended, { authRequest: 'another' });
    }
    assert.deepEqual(plain(await a.endSessions(session.userHash, session.startedAt)), [session]);
  }),

  check('of places there are as many as the limit, for all who take at once', async ({ a, b }) => {
    for (const limit of [1, 5]) {
      const of = randomUUID();
      const free = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 ? a : b).takePlace(aPlace(of), limit, LONG),
        ),
      );
      const refused = free.filter((time) => time !== null);
      assert.equal(free.length - refused.length, limit, 'as many places are taken as there are');
      for (const time of refused) {
        assert.ok(time > 0 && time <= LONG, `a place falls free within ttl, not in ${time} ms`);
      }
    }
  }),

  check('places of one name are none of another', async ({ a, b }) => {
    const [one, two] = [aPlace(), aPlace()];
    assert.equal(await a.takePlace(one, 1, LONG), null);
    assert.equal(await b.takePlace(two, 1, LONG), null);
    assert.notEqual(await b.takePlace(aPlace(one.of), 1, LONG), null);
  }),

  check('a place that was given back can be taken, once', async ({ a, b }) => {
    const of = randomUUID();
    const place = aPlace(of);
    await a.takePlace(place, 2, LONG);
    await a.takePlace(aPlace(of), 2, LONG);
    await b.leavePlace(aPlace(of));
    assert.notEqual(await a.takePlace(aPlace(of), 2, LONG), null, 'it was not that place');
    await b.leavePlace(place);
    await b.leavePlace(place);
    assert.equal(await a.takePlace(aPlace(of), 2, LONG), null);
    assert.notEqual(await b.takePlace(aPlace(of), 2, LONG), null);
  }),

  check(
    'a place falls free when its time is up, and no other with it',
    async (stores, patience) => {
      const { a, b } = stores;
      const of = randomUUID();
      await a.takePlace(aPlace(of), 2, SHORT);
      await a.takePlace(aPlace(of), 2, LONG);
      await until(
        patience,
        'a place outlives its time',
        async () => (await b.takePlace(aPlace(of), 2, LONG)) === null,
      );
      assert.notEqual(await a.takePlace(aPlace(of), 2, LONG), null);
    },
  ),

  check('storage of another name is apart', async ({ a, other }, patience) => {
    const login = aLogin();
    await a.add(login, LONG);
    assert.equal(await other.get(login.handle), null);
    assert.equal(await other.answer(login.handle, anAnswer()), false);
    await other.add({ ...login, username: 'bob' }, LONG);
    assert.equal((await a.get(login.handle))?.username, 'alice');
    const leave = new AbortController();
    const wait = a.waitForAnswer(login.handle, leave.signal);
    wait.catch(() => {});
    assert.equal(await other.answer(login.handle, anAnswer()), true);
    assert.equal((await a.get(login.handle))?.state, 'pending');
    assert.equal(await a.consume(login.handle), null);
    leave.abort(new Error('enough'));
    await assert.rejects(soon(patience, wait), /enough/);
    assert.equal((await other.consume(login.handle))?.username, 'bob');

    const place = aPlace();
    assert.equal(await a.takePlace(place, 1, LONG), null);
    assert.equal(await other.takePlace(place, 1, LONG), null);
    await other.leavePlace(place);
    assert.notEqual(await a.takePlace(aPlace(place.of), 1, LONG), null);

    const session = aSession();
    await a.openSession(session, LONG);
    assert.equal(await other.getSession(session.handle), null);
    assert.deepEqual(await other.endSessions(session.userHash, session.startedAt), []);
    await other.removeSession(session.handle);
    assert.deepEqual(plain(await a.getSession(session.handle)), session);
  }),

  check('a LaunchKey session is found until it is removed', async ({ a, b }) => {
    const session = aSession();
    assert.equal(await a.getSession(session.handle), null);
    await a.openSession(session, LONG);
    assert.deepEqual(plain(await a.getSession(session.handle)), session);
    assert.deepEqual(plain(await b.getSession(session.handle)), session);
    await b.removeSession(session.handle);
    assert.equal(await a.getSession(session.handle), null);
    assert.deepEqual(await a.endSessions(session.userHash, session.startedAt), []);
    await a.removeSession(session.handle);
  }),

  check('a LaunchKey session is forgotten when its time is up', async ({ a, b }, patience) => {
    const user = randomUUID();
    const open = aSession(user);
    const ended = aSession(user, 500);
    const long = aSession(user);
    await a.openSession(long, LONG);
    await a.openSession(open, SHORT);
    await a.openSession(ended, SHORT);
    // Ending must not make it last.
    await a.endSessions(user, 500);
    await until(
      patience,
      'a session outlives its time',
      async () => !(await b.getSession(open.handle)),
    );
    await until(patience, 'an ended session outlives its time', async () => {
      const named = await b.endSessions(user, 500);
      return named.length === 0;
    });
    assert.deepEqual(plain(await b.getSession(long.handle)), long);
    assert.deepEqual(plain(await a.endSessions(user, long.startedAt)), [long]);
  }),

  check('sessions of one user are ended up to a time, inclusive', async ({ a, b }) => {
    const user = randomUUID();
    const before = aSession(user, 1_700_000_000_000);
    const at = aSession(user, 1_700_000_001_000);
    const after = aSession(user, 1_700_000_002_000);
    const stranger = aSession(randomUUID(), 1_700_000_000_000);
    for (const session of [after, before, stranger, at]) await a.openSession(session, LONG);
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

  check('sessions that were ended are named again until they are removed', async ({ a, b }) => {
    const user = randomUUID();
    const first = aSession(user, 1_000);
    const second = aSession(user, 2_000);
    const third = aSession(user, 3_000);
    for (const session of [first, second, third]) await a.openSession(session, LONG);
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

/** As short as a machine under load lets a login live through a few steps. */
const SHORT = 250;
const LONG = 3_600_000;

interface Stores {
  /** Two that share their storage. */
  a: Store;
  b: Store;
  /** One on other storage. */
  other: Store;
}

function check(
  name: string,
  body: (stores: Stores, patience: number) => Promise<void>,
): StoreContractCase {
  return {
    name,
    async run(open, { patience = 10_000 } = {}) {
      const storage = `contract-${randomUUID()}`;
      const a = await open(storage);
      const b = await open(storage);
      const other = await open(`contract-${randomUUID()}`);
      await body({ a, b, other }, patience);
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
    places: [aPlace(), aPlace()],
    startedAt,
    expiresAt: startedAt + LONG,
  };
}

function aPlace(of: string = randomUUID()): Place {
  return { of, id: randomUUID() };
}

async function added(store: Store, ttl = LONG): Promise<PendingLogin> {
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

/** Without what is `undefined`, and without prototypes of a store's own. */
function plain<T>(value: T): T {
  return value === undefined ? value : JSON.parse(JSON.stringify(value));
}

function count(taken: boolean[]): number {
  return taken.filter(Boolean).length;
}

/** Tries to change a record. A store may prevent it. */
function scribble(record: LoginRecord | Answer | LaunchKeySession | null | undefined, by: object) {
  try {
    Object.assign(record ?? {}, by);
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

/** What a store should do by itself before long. */
async function soon<T>(patience: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new assert.AssertionError({ message: `a wait did not end in ${patience} ms` })),
      patience,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Nothing tells when a store forgets, so it is asked again and again. */
async function until(patience: number, message: string, is: () => Promise<boolean>) {
  const deadline = performance.now() + patience;
  while (!(await is())) {
    if (performance.now() > deadline) throw new assert.AssertionError({ message });
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
