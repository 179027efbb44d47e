import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { LaunchKeyClient } from '../../lib/client/client.js';
import { CommunicationError, NoSuchUserError } from '../../lib/errors.js';
import { Logins } from '../../lib/login/logins.js';
import { MemoryStore } from '../../lib/store/memory.js';
import type { PendingLogin } from '../../lib/store/store.js';

const ALICE = { username: 'alice', session: true, userPushId: false };
const BROWSER = {
  connection: { closed: false, whenClosed: new Promise<'closed'>(() => {}), release: () => {} },
};

/** The behaviour of an engine: how long it takes, and whether it refuses. */
interface Behaviour {
  takes: number;
  refuses?: Error;
}

/**
 * Logins with an engine whose responses take a known time, on a clock that stands still by itself, so
 * that durations are exact.
 */
function start(engine: Behaviour): Logins {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const after = async <T>(answer: T): Promise<T> => {
    await new Promise((resolve) => setTimeout(resolve, engine.takes));
    if (engine.refuses) throw engine.refuses;
    return answer;
  };
  const client = {
    appKey: '1234567890',
    authorize: () => after('the engine’s token'),
    poll: () => after({ answer: null, held: false }),
    canWithdraw: async () => true,
    deriveKey: () => randomBytes(32),
  };
  return new Logins(client as unknown as LaunchKeyClient, new MemoryStore(), {
    name: 'launchkey',
    confirmCallback: true,
    poll: true,
    pollInterval: 1000,
    longPoll: 25,
    concealUsers: true,
    loginTimeout: 300_000,
    maxPendingPerUser: 5,
    maxPendingPerBrowser: 5,
  });
}

/** Returns after how many milliseconds a promise has settled. */
async function duration(something: Promise<unknown>): Promise<number> {
  let ended = false;
  const end = () => {
    ended = true;
  };
  something.then(end, end);
  const began = Date.now();
  while (!ended) await vi.advanceTimersByTimeAsync(1);
  return Date.now() - began;
}

const stranger = new NoSuchUserError('There is no such user');
const away = new CommunicationError('The engine cannot be reached');

describe('concealUsers', () => {
  it.each<[number, Behaviour]>([
    [250, { takes: 0 }],
    [250, { takes: 0, refuses: stranger }],
    [250, { takes: 248 }],
    [250, { takes: 248, refuses: stranger }],
    [500, { takes: 252 }],
    [500, { takes: 252, refuses: stranger }],
    [250, { takes: 3, refuses: away }],
  ])('ends a start with a step, after %i ms: %o', async (expected, behaviour) => {
    expect(await duration(start(behaviour).starter.start(ALICE, BROWSER))).toBe(expected);
  });

  it.each<[string, Behaviour]>([
    ['an immediate answer', { takes: 0 }],
    ['an answer after a second', { takes: 1000 }],
    ['an engine that is away', { takes: 3, refuses: away }],
    ['an unknown user, about whom the engine is not asked', { takes: 0, refuses: stranger }],
  ])('ends a look by the clock: %s', async (_what, behaviour) => {
    const engine: Behaviour = behaviour.refuses === stranger ? { ...behaviour } : { takes: 0 };
    const logins = start(engine);
    const starting = logins.starter.start(ALICE, BROWSER);
    await duration(starting);
    Object.assign(engine, behaviour);
    expect(await duration(logins.ask((await starting) as PendingLogin))).toBe(250);
  });
});
