import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AppCredentials, type Engine, startEngine } from '../../lib/index.js';
import { CProcess } from './c-process.js';
import { CallbackServer } from './callback-server.js';
import { GoProcess } from './go-process.js';
import { JavaProcess } from './java-process.js';
import { Php0Process } from './php-0-process.js';
import { Php1Process } from './php-1-process.js';
import { PythonProcess } from './python-process.js';
import { Ruby0Process } from './ruby-0-process.js';
import { Ruby1Process } from './ruby-1-process.js';
import type { Host, SdkProcess } from './sdk-process.js';
import { SimulatedClock } from './simulated-clock.js';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const EXPIRED = 70404;

const clock = new SimulatedClock();
const processes: SdkProcess[] = [];
/** The events of all users, and what the application says to the next one. */
const events: URLSearchParams[] = [];
let take: (event: URLSearchParams) => Promise<number>;
let engine: Engine;
let callback: CallbackServer;
let credentials: AppCredentials;
let users = 0;

beforeAll(async () => {
  engine = await startEngine({ clock: clock.now });
  callback = await CallbackServer.open(async (event) => {
    events.push(event);
    return await take(event);
  });
  credentials = await engine.createApp({ name: 'Shop', callbackUrl: callback.url });
});
beforeEach(() => {
  // Ping keys that the processes of other tests have used do not count any more.
  clock.advance(10 * MINUTE_MS);
  take = async () => 200;
});
afterAll(async () => {
  for (const process of processes) process.close();
  callback.close();
  await engine.close();
});

/** A process of the one application. */
function begin<P extends SdkProcess>(make: (host: Host) => P): P {
  const process = make({ url: engine.url, credentials, now: clock.now });
  processes.push(process);
  return process;
}

async function createUser(): Promise<string> {
  users += 1;
  const user = `user-${users}`;
  await engine.createUser(user);
  return user;
}

async function logIn(process: SdkProcess, user: string, session = true) {
  clock.advance(MINUTE_MS / 2);
  const authRequest = await process.authorize(user, { session });
  await engine.answer(authRequest, true);
  return { authRequest, verdict: await process.poll(authRequest) };
}

/** The first event that fits, whether it has come already or not. */
async function nextEvent(fits: (event: URLSearchParams) => boolean): Promise<URLSearchParams> {
  await expect.poll(() => events.some(fits)).toBe(true);
  return events.find(fits) as URLSearchParams;
}

/** Logs the user out on the phone, and returns the event. */
async function logOut(user: string): Promise<URLSearchParams> {
  const before = events.length;
  await engine.deorbit(user);
  return await nextEvent((event) => event.has('deorbit') && events.indexOf(event) >= before);
}

describe('A Python process', () => {
  it('logs in after it has polled once a second for ten minutes', async () => {
    const user = await createUser();
    const process = begin((host) => new PythonProcess('1.3.0', host));
    for (let request = 0; request < 2; request += 1) {
      const authRequest = await process.authorize(user, { session: true });
      for (let second = 1; second < 300; second += 1) {
        clock.advance(SECOND_MS);
        expect(await process.poll(authRequest)).toBeUndefined();
      }
      clock.advance(SECOND_MS);
      await expect(process.poll(authRequest)).rejects.toMatchObject({ code: EXPIRED });
    }
    const { verdict } = await logIn(process, user);
    expect(verdict).toMatchObject({ approved: true });
    expect(process.ahead).toBeGreaterThan(24 * HOUR_MS);
    expect(process.refusals.map(({ code }) => code)).toEqual([EXPIRED, EXPIRED]);
  });

  it('trusts a logout after ping(force=True), and not by a clock that runs ahead', async () => {
    const user = await createUser();
    const process = begin((host) => new PythonProcess('1.3.0', host));
    await logIn(process, user);
    // A key that other tests have rotated out counts for five minutes after the last change of keys.
    clock.advance(10 * MINUTE_MS);
    for (let login = 0; login < 3; login += 1) await logIn(process, user);
    const { verdict } = await logIn(process, user);
    const event = await logOut(user);
    expect(await process.readLogout(event)).toBeUndefined();
    await process.prepareLogout();
    expect(await process.readLogout(event)).toBe(verdict?.userHash);
  });
});

describe('Go takes an approval for a login and a denial for none', () => {
  it.each([
    ['an approval', 'a poll', true],
    ['a denial', 'a poll', false],
    ['an approval', 'an event', true],
    ['a denial', 'an event', false],
  ])('with %s by %s', async (_answer, way, approved) => {
    const process = begin((host) => new GoProcess(host));
    const authRequest = await process.authorize(await createUser(), { session: true });
    await engine.answer(authRequest, approved);
    const event = await nextEvent((one) => one.get('auth_request') === authRequest);
    const verdict =
      way === 'a poll' ? await process.poll(authRequest) : await process.readAnswerEvent(event);
    expect(verdict).toEqual({ approved, userHash: event.get('user_hash') });
  });
});

describe('After a rotation of the ping key, a logout is verified', () => {
  const keepers: ((host: Host) => SdkProcess)[] = [
    (host) => new PythonProcess('1.3.0', host),
    (host) => new Php0Process(host),
    (host) => new Php1Process(host),
    (host) => new JavaProcess(host),
    (host) => new Ruby0Process(host),
    (host) => new Ruby1Process(host),
  ];

  /** Each of the SDKs in a process of its own, in which a user has logged in. */
  async function logInByEach() {
    return await Promise.all(
      keepers.map(async (make) => {
        const [user, process] = [await createUser(), begin(make)];
        const { verdict } = await logIn(process, user);
        return { user, process, userHash: verdict?.userHash };
      }),
    );
  }

  it('is verified by each SDK with the key that its process keeps', async () => {
    const logins = await logInByEach();
    await engine.rotatePingKey();
    for (const { user, process, userHash } of logins) {
      const event = await logOut(user);
      expect([process.name, await process.readLogout(event)]).toEqual([process.name, userHash]);
      expect(await begin((host) => new GoProcess(host)).readLogout(event)).toBeUndefined();
    }
  });

  it('is verified by each SDK with the new key, once no process uses the old one', async () => {
    const keeper = begin((host) => new Ruby0Process(host));
    await logIn(keeper, await createUser());
    await engine.rotatePingKey();
    await logInByEach();
    clock.advance(10 * MINUTE_MS);
    for (const { user, process, userHash } of await logInByEach()) {
      const event = await logOut(user);
      expect([process.name, await process.readLogout(event)]).toEqual([process.name, userHash]);
      expect(await keeper.readLogout(event)).toBeUndefined();
    }
  });

  it('is verified by Java at the second attempt if it fetched the new key a moment ago', async () => {
    const user = await createUser();
    const process = begin((host) => new JavaProcess(host));
    for (let login = 0; login < 2; login += 1) {
      await logIn(process, user);
      clock.advance(5 * MINUTE_MS);
    }
    await engine.rotatePingKey();
    clock.advance(5 * MINUTE_MS);
    const { verdict } = await logIn(process, user);
    const read: (string | undefined)[] = [];
    take = async (event) => {
      if (!event.has('deorbit')) return 200;
      read.push(await process.readLogout(event));
      return read.at(-1) === undefined ? 400 : 200;
    };
    await engine.deorbit(user);
    await expect
      .poll(() => {
        clock.advance(SECOND_MS);
        return read;
      })
      .toEqual([undefined, verdict?.userHash]);
  });
});

describe('Java', () => {
  it('asks for umlauts in ISO-8859-1, and the phone shows them', async () => {
    const process = begin((host) => new JavaProcess(host));
    await engine.createUser('jürgen');
    const context = 'Überweisung für Müller';
    const authRequest = await process.authorize('jürgen', { session: true, context });
    expect(await engine.requests('jürgen')).toMatchObject([{ authRequest, context }]);
  });

  it('asks a white label user that it created by JSON in UTF-8', async () => {
    const process = begin((host) => new JavaProcess(host));
    await engine.pair(await process.linkUser('müller'));
    const authRequest = await process.authorize('müller', { session: true });
    expect(await engine.requests(`müller@${credentials.appKey}`)).toMatchObject([{ authRequest }]);
  });

  it('reads why it was refused for too many requests', async () => {
    const user = await createUser();
    const process = begin((host) => new JavaProcess(host));
    await process.authorize(user, { session: true });
    const second = process.authorize(user, { session: true });
    await expect(second).rejects.toMatchObject({ code: 40436 });
  });
});

describe('PHP 0.x', () => {
  it('gets a transaction where it sends an empty session', async () => {
    const user = await createUser();
    const process = begin((host) => new Php0Process(host));
    expect((await logIn(process, user, false)).verdict).toMatchObject({ approved: true });
    expect(await engine.sessions(user)).toEqual([]);
    await logIn(process, user, true);
    expect(await engine.sessions(user)).toHaveLength(1);
  });

  it('asks a user by the user hash that the application has', async () => {
    const user = await createUser();
    const process = begin((host) => new Php0Process(host));
    const { verdict } = await logIn(process, user);
    const { verdict: again } = await logIn(process, verdict?.userHash ?? '');
    expect(again).toEqual(verdict);
  });
});

describe('C', () => {
  it('finds no answer any more in a poll for a session that has ended', async () => {
    const user = await createUser();
    const process = begin((host) => new CProcess(host));
    const { authRequest, verdict } = await logIn(process, user);
    expect(verdict).toMatchObject({ approved: true });
    expect(await process.fetchAnswer(authRequest)).toBeDefined();
    await engine.deorbit(user);
    expect(await process.fetchAnswer(authRequest)).toBeUndefined();
  });
});
