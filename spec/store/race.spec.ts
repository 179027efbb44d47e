import {
  type Answer,
  type LoginRecord,
  MemoryStore,
  type PendingLogin,
  type Store,
} from 'passport-launchkey';
import { RedisStore } from 'passport-launchkey/redis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectRedis, describeWithRedis, RedisServer } from '../support/redis.js';

const LOGINS = 1_000;

const ANSWERS: Answer[] = [
  { authorized: true, userHash: 'hash', digest: 'by poll' },
  { authorized: true, userHash: 'hash', digest: 'by event' },
  { authorized: false, userHash: '', reason: 'cancelled', digest: 'by cancelling' },
];

const never = () => new AbortController().signal;

/**
 * Poll, event and cancellation answer a login while two requests finish it and two wait for it,
 * through the stores of two processes, in a different order for each login. Checks that all calls see
 * one outcome, and returns it.
 */
async function race(one: Store, two: Store, number: number): Promise<string> {
  const login: PendingLogin = {
    handle: `login ${number}`,
    authRequest: `request ${number}`,
    username: 'alice',
    session: true,
    startedAt: 0,
    expiresAt: 60_000,
  };
  const { handle } = login;
  await one.add(login, 60_000);
  const waits = [one, two].map((store) => store.waitForAnswer(handle, never()));
  const answers = ANSWERS.map((answer, index) => ({
    answer,
    store: (index + number) % 2 ? two : one,
  }));
  const [taken, early] = await interleaved(
    number,
    answers.map(
      ({ answer, store }) =>
        () =>
          store.answer(handle, answer),
    ),
    [one, two].map((store) => () => store.consume(handle)),
  );
  // Requests that came before the answer come again.
  const late = await Promise.all([two.consume(handle), one.consume(handle)]);

  const winners = ANSWERS.filter((_, index) => taken[index]);
  expect(winners).toHaveLength(1);
  const finished = [...early, ...late].filter((record) => record !== null);
  expect(finished).toHaveLength(1);
  const seen: (LoginRecord | null)[] = [
    ...finished,
    ...(await Promise.all(waits)),
    await one.get(handle),
    await two.get(handle),
  ];
  for (const record of seen) expect(record?.answer).toEqual(winners[0]);
  expect((await two.get(handle))?.state).toBe('finished');
  return winners[0]?.digest ?? '';
}

/** Starts all calls at once, in the order that the number encodes. */
async function interleaved<A, B>(
  number: number,
  first: (() => Promise<A>)[],
  second: (() => Promise<B>)[],
): Promise<[A[], B[]]> {
  const as: Promise<A>[] = [];
  const bs: Promise<B>[] = [];
  const starts = [
    ...first.map((call, index) => () => {
      as[index] = call();
    }),
    ...second.map((call, index) => () => {
      bs[index] = call();
    }),
  ];
  for (let rest = number; starts.length; rest = Math.floor(rest / (starts.length + 1))) {
    const [start] = starts.splice(rest % starts.length, 1);
    start?.();
  }
  return [await Promise.all(as), await Promise.all(bs)];
}

async function raceThemAll(one: Store, two: Store): Promise<void> {
  const outcomes = new Set<string>();
  for (let number = 0; number < LOGINS; number++) outcomes.add(await race(one, two, number));
  // Otherwise there was no race.
  expect([...outcomes].toSorted()).toEqual(['by cancelling', 'by event', 'by poll']);
}

describe(`poll, event and cancelling race for ${LOGINS} logins`, () => {
  it('end each login once, with MemoryStore', async () => {
    const store = new MemoryStore();
    await raceThemAll(store, store);
  });
});

describeWithRedis(`poll, event and cancelling race for ${LOGINS} logins over Redis`, () => {
  it('end each login once, with RedisStore', async () => {
    const server = await RedisServer.start();
    onTestFinished(() => server.stop());
    const [one, two] = await Promise.all(
      [1, 2].map(async () => new RedisStore({ client: await connectRedis(server.url) })),
    );
    if (!one || !two) throw new Error('there are two stores');
    await raceThemAll(one, two);
    await one.close();
    await two.close();
  });
});
