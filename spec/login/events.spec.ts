import { constants, createSign, publicEncrypt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InvalidCallbackError, LaunchKeyStrategy, MemoryStore } from 'passport-launchkey';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { logIn, loginApp, sendEvent, serve } from '../support/app.js';
import { takeKeyPair } from '../support/key-pool.js';
import { EngineProxy } from '../support/proxy.js';
import { nextRequest, recordingStrategy, startWorld, type World } from '../support/world.js';

/** Reserves an address: the callback URL must be known before the server that listens there. */
async function reserveUrl(): Promise<{ url: string; port: number }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return { url: `http://127.0.0.1:${port}`, port };
}

/** An auth package as a device makes it, for which the public key is enough. */
function authPackage(world: World, content: object): string {
  return publicEncrypt(
    { key: world.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
    Buffer.from(JSON.stringify(content)),
  ).toString('base64');
}

/** An `event_signature` in the engine's form, made with another key. */
function signedByAStranger({ event_signature, ...event }: Record<string, string>): string {
  const { privateKey } = takeKeyPair();
  const text = new URLSearchParams(event);
  text.sort();
  return createSign('sha256').update(text.toString()).sign(privateKey, 'base64');
}

/** Receives the events that the engine sends. */
async function eventReceiver() {
  const events: Record<string, string>[] = [];
  const waiting: (() => void)[] = [];
  const server = createServer((req, res) => {
    const { searchParams } = new URL(req.url ?? '/', 'http://receiver');
    events.push(Object.fromEntries(searchParams));
    for (const wake of waiting.splice(0)) wake();
    res.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async next(): Promise<Record<string, string>> {
      while (!events.length) await new Promise<void>((resolve) => waiting.push(resolve));
      return events.shift() as Record<string, string>;
    },
  };
}

/** The event as engines without signatures send it. */
function unsigned({ event_signature, ...event }: Record<string, string>): Record<string, string> {
  expect(event_signature).toEqual(expect.any(String));
  return event;
}

/** A strategy that waits for events only, a proxy that records its calls, and the engine's events. */
async function listening() {
  const receiver = await eventReceiver();
  const world = await startWorld({ callbackUrl: receiver.url });
  const proxy = await new EngineProxy(world.engine.url).start();
  const options = { apiBaseUrl: `${proxy.url}/v1`, answers: 'callback' } as const;
  return { receiver, world, proxy, ...recordingStrategy(world, options) };
}

describe('an auth event', () => {
  it('ends the waiting login without a question to the engine if it is signed', async () => {
    const { receiver, world, proxy, strategy, verified } = await listening();
    const url = await serve(loginApp(strategy));
    const seen = logIn(url);
    await world.engine.answer(await nextRequest(world.engine), true);
    const event = await receiver.next();
    expect((await sendEvent(`${url}/callback`, event)).status).toBe(200);
    expect(await seen).toEqual({ user: { id: verified[0] } });
    expect(verified).toEqual([event.user_hash]);
    expect(proxy.of('/poll')).toEqual([]);
    // The same event again is handled, and logs no one in.
    expect((await sendEvent(`${url}/callback`, event)).status).toBe(200);
    expect(verified).toHaveLength(1);
  });

  it.each<[string, (event: Record<string, string>) => Record<string, string>]>([
    ['names another user', (event) => ({ ...event, user_hash: 'another user' })],
    [
      'names another moment',
      (event) => ({ ...event, event_time: new Date(Date.now() + 1000).toISOString() }),
    ],
    ['has another id', (event) => ({ ...event, event_id: 'a'.repeat(32) })],
    ['has one more parameter', (event) => ({ ...event, user_push_id: 'push' })],
    [
      'is signed by another key',
      (event) => ({ ...event, event_signature: signedByAStranger(event) }),
    ],
  ])('is only a hint if its signature does not match, because it %s', async (_what, alter) => {
    const { receiver, world, proxy, strategy, verified } = await listening();
    const seen = logIn(await serve(loginApp(strategy)));
    await world.engine.answer(await nextRequest(world.engine), true);
    const event = await receiver.next();
    expect(await strategy.handleEvent(alter(event))).toMatchObject({ status: 200 });
    expect(await seen).toMatchObject({ user: { id: event.user_hash } });
    expect(proxy.of('/poll')).toHaveLength(1);
    expect(verified).toEqual([event.user_hash]);
  });

  it('is only a hint if it is signed and older than five minutes', async () => {
    let offset = 0;
    const receiver = await eventReceiver();
    const world = await startWorld({
      callbackUrl: receiver.url,
      clock: () => Date.now() + offset,
      requestTtl: 3_600_000,
    });
    const proxy = await new EngineProxy(world.engine.url).start();
    const { strategy } = recordingStrategy(world, {
      apiBaseUrl: `${proxy.url}/v1`,
      answers: 'callback',
    });
    const seen = logIn(await serve(loginApp(strategy)));
    await world.engine.answer(await nextRequest(world.engine), true);
    const event = await receiver.next();
    offset = 301_000;
    await strategy.client.ping();
    expect(await strategy.handleEvent(event)).toMatchObject({ status: 200 });
    expect(await seen).toMatchObject({ user: { id: event.user_hash } });
    expect(proxy.of('/poll')).toHaveLength(1);
  });

  it('is answered with 400 if it is signed and its package names another auth request', async () => {
    const world = await startWorld();
    const { strategy } = recordingStrategy(world, { answers: 'callback' });
    const { client } = strategy;
    const read = client.readEvent.bind(client);
    const verify = vi.fn();
    vi.spyOn(client, 'readEvent').mockImplementation((params) => ({ ...read(params), verify }));
    const leaving = new AbortController();
    const seen = logIn(await serve(loginApp(strategy)), undefined, leaving.signal);
    const authRequest = await nextRequest(world.engine);
    const auth = authPackage(world, { auth_request: 'b'.repeat(32), response: 'true' });
    const event = { auth, auth_request: authRequest, user_hash: 'hash' };
    expect(await strategy.handleEvent(event)).toMatchObject({ status: 400 });
    expect(verify).toHaveBeenCalledOnce();
    await world.engine.answer(authRequest, true);
    leaving.abort();
    await expect(seen).rejects.toThrow();
  });

  it('ends the waiting login after one question to the engine if it is not signed', async () => {
    const { receiver, world, proxy, strategy, verified } = await listening();
    const url = await serve(loginApp(strategy));
    const seen = logIn(url);
    await world.engine.answer(await nextRequest(world.engine), true);
    const event = unsigned(await receiver.next());
    expect(proxy.of('/poll')).toEqual([]);
    expect((await sendEvent(`${url}/callback`, event)).status).toBe(200);
    expect(await seen).toEqual({ user: { id: verified[0] } });
    expect(proxy.of('/poll')).toHaveLength(1);
  });

  it('is answered with 200 and changes nothing when it comes again, even after the finish', async () => {
    const receiver = await eventReceiver();
    const world = await startWorld({ callbackUrl: receiver.url });
    const store = new MemoryStore();
    const add = vi.spyOn(store, 'add');
    const { strategy, verified } = recordingStrategy(world, { answers: 'callback', store });
    const url = await serve(loginApp(strategy));
    const seen = logIn(url);
    await world.engine.answer(await nextRequest(world.engine), true);
    const event = await receiver.next();
    const both = await Promise.all([
      sendEvent(`${url}/callback`, event),
      sendEvent(`${url}/callback`, event),
    ]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    await seen;
    const handle = add.mock.calls[0]?.[0].handle ?? '';
    const finished = await store.get(handle);
    expect(finished).toMatchObject({ state: 'finished' });
    expect((await sendEvent(`${url}/callback`, event)).status).toBe(200);
    expect(await store.get(handle)).toEqual(finished);
    expect(verified).toHaveLength(1);
  });

  it('is answered with 404 for an unknown auth request, before anything is asked or decrypted', async () => {
    const world = await startWorld();
    const proxy = await new EngineProxy(world.engine.url).start();
    const { strategy } = recordingStrategy(world, { apiBaseUrl: `${proxy.url}/v1` });
    const decrypt = vi.spyOn(strategy.client, 'readAnswer');
    const event = { auth_request: 'a'.repeat(32), user_hash: 'hash' };
    const auth = authPackage(world, { auth_request: event.auth_request, response: 'true' });
    expect(await strategy.handleEvent({ ...event, auth })).toMatchObject({ status: 404 });
    expect(await strategy.handleEvent({ ...event, auth: 'rubbish' })).toMatchObject({
      status: 404,
    });
    expect(decrypt).not.toHaveBeenCalled();
    expect(proxy.calls).toEqual([]);
  });

  it('finds its login if it overtakes the response to authorize', async () => {
    const { receiver, world, proxy, strategy } = await listening();
    let letThrough = () => {};
    const held = new Promise<void>((resolve) => {
      letThrough = resolve;
    });
    proxy.holdBack = (call) => (call.path === '/v1/auths' ? held : undefined);
    const seen = logIn(await serve(loginApp(strategy)));
    await world.engine.answer(await nextRequest(world.engine), true);
    const handled = strategy.handleEvent(await receiver.next());
    letThrough();
    expect(await handled).toMatchObject({ status: 200 });
    expect(await seen).toMatchObject({ user: { id: expect.any(String) } });
  });

  it('is answered with 503 at once if many others wait for a login that is being started', async () => {
    const { receiver, world, proxy, strategy } = await listening();
    let letThrough = () => {};
    const held = new Promise<void>((resolve) => {
      letThrough = resolve;
    });
    proxy.holdBack = (call) => (call.path === '/v1/auths' ? held : undefined);
    const seen = logIn(await serve(loginApp(strategy)));
    const authRequest = await nextRequest(world.engine);
    const forged = (number: number) => {
      const auth_request = String(number).padStart(32, '0');
      const auth = authPackage(world, { auth_request, response: 'true' });
      return strategy.handleEvent({ auth_request, user_hash: 'hash', auth });
    };
    const waiting = Array.from({ length: 16 }, (_, i) => forged(i));
    let ended = 0;
    for (const one of waiting) void one.then(() => (ended += 1));
    expect(await forged(16)).toMatchObject({ status: 503 });
    expect(ended).toBe(0);
    letThrough();
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(Array(16).fill(404));
    await world.engine.answer(authRequest, true);
    await strategy.handleEvent(await receiver.next());
    expect(await seen).toMatchObject({ user: { id: expect.any(String) } });
  });

  it('is only a hint: a forged approval is refused, and the denial after it counts', async () => {
    const world = await startWorld();
    for (const answers of ['callback', 'both'] as const) {
      const { strategy, verified } = recordingStrategy(world, { answers });
      const seen = logIn(await serve(loginApp(strategy)));
      const authRequest = await nextRequest(world.engine);
      const forged = {
        auth: authPackage(world, { auth_request: authRequest, response: 'true', device_id: 'x' }),
        auth_request: authRequest,
        user_hash: 'another user',
      };
      expect(await strategy.handleEvent(forged)).toMatchObject({
        status: 400,
        error: expect.any(InvalidCallbackError),
      });
      await world.engine.answer(authRequest, false);
      // The forged package was not made by the device. It is refused as before, and the login gets
      // the engine's answer.
      await strategy.handleEvent(forged);
      expect(await seen).toMatchObject({ user: false, info: { code: 'denied' } });
      expect(verified).toEqual([]);
    }
  });

  it('logs in the user that the engine names, not the user that the event names', async () => {
    const receiver = await eventReceiver();
    const world = await startWorld({ callbackUrl: receiver.url });
    const { strategy, verified } = recordingStrategy(world, { answers: 'callback' });
    const seen = logIn(await serve(loginApp(strategy)));
    await world.engine.answer(await nextRequest(world.engine), true);
    const event = await receiver.next();
    await strategy.handleEvent({ ...event, user_hash: 'another user' });
    await seen;
    expect(verified).toEqual([event.user_hash]);
  });

  it.each<[string, (world: World, authRequest: string) => string]>([
    ['does not decrypt', () => Buffer.alloc(256, 7).toString('base64')],
    ['is not base64', () => '%%%'],
    [
      'names another auth request',
      (world) => authPackage(world, { auth_request: 'b'.repeat(32), response: 'true' }),
    ],
    ['is not a JSON object', (world) => authPackage(world, ['true'])],
  ])('is answered with 400 if its package %s, and the login continues', async (_what, auth) => {
    const world = await startWorld();
    const { strategy } = recordingStrategy(world, { answers: 'both' });
    const seen = logIn(await serve(loginApp(strategy)));
    const authRequest = await nextRequest(world.engine);
    const event = { auth: auth(world, authRequest), auth_request: authRequest, user_hash: 'hash' };
    expect(await strategy.handleEvent(event)).toMatchObject({ status: 400 });
    await world.engine.answer(authRequest, true);
    expect(await seen).toMatchObject({ user: { id: expect.any(String) } });
  });

  it('is answered with 503 while the engine cannot be asked, and the login continues', async () => {
    const { receiver, world, proxy, strategy } = await listening();
    const seen = logIn(await serve(loginApp(strategy)));
    const authRequest = await nextRequest(world.engine);
    await world.engine.answer(authRequest, true);
    const event = unsigned(await receiver.next());
    proxy.intercept = () => ({ status: 502, body: 'bad gateway' });
    expect(await strategy.handleEvent(event)).toMatchObject({ status: 503 });
    expect(await strategy.handleEvent({ ...event, auth: 'rubbish' })).toMatchObject({
      status: 400,
    });
    proxy.intercept = undefined;
    expect(await strategy.handleEvent(event)).toMatchObject({ status: 200 });
    expect(await seen).toMatchObject({ user: { id: expect.any(String) } });
  });

  it.each<[string, number, (page: AbortController) => void]>([
    ['whose browser has disconnected', 300_000, (page) => page.abort()],
    ['that has expired in this process', 2000, () => {}],
  ])('leaves no LaunchKey session open for a login %s', async (_which, loginTimeout, leave) => {
    const receiver = await eventReceiver();
    const world = await startWorld({ callbackUrl: receiver.url });
    const store = new MemoryStore();
    const { strategy, verified } = recordingStrategy(world, {
      answers: 'callback',
      store,
      loginTimeout,
    });
    const answer = store.answer.bind(store);
    const givenUp = new Promise<boolean>((resolve) => {
      store.answer = async (...args) => {
        const first = await answer(...args);
        resolve(first);
        return first;
      };
    });
    const page = new AbortController();
    const seen = logIn(await serve(loginApp(strategy)), undefined, page.signal).catch(() => {});
    const authRequest = await nextRequest(world.engine);
    leave(page);
    expect(await givenUp).toBe(true);
    await seen;
    await world.engine.answer(authRequest, true);
    expect(await world.engine.sessions('alice')).toHaveLength(1);
    expect(await strategy.handleEvent(await receiver.next())).toMatchObject({ status: 200 });
    expect(await world.engine.sessions('alice')).toEqual([]);
    expect(verified).toEqual([]);
  });

  it('leaves no LaunchKey session open for an expired login that no request has read since', async () => {
    const receiver = await eventReceiver();
    const world = await startWorld({ callbackUrl: receiver.url });
    const store = new MemoryStore();
    const { strategy } = recordingStrategy(world, { answers: 'callback', store });
    const page = new AbortController();
    const add = store.add.bind(store);
    // As a login that was begun with `redirect` and not continued.
    store.add = (login, ttl) => add({ ...login, expiresAt: Date.now() - 1 }, ttl);
    store.waitForAnswer = () => new Promise(() => {});
    const seen = logIn(await serve(loginApp(strategy)), undefined, page.signal).catch(() => {});
    await world.engine.answer(await nextRequest(world.engine), true);
    expect(await strategy.handleEvent(await receiver.next())).toMatchObject({ status: 200 });
    expect(await world.engine.sessions('alice')).toEqual([]);
    page.abort();
    await seen;
  });

  it('is answered with 503 if the logins that are being started do not settle', async () => {
    const world = await startWorld();
    const proxy = await new EngineProxy(world.engine.url).start();
    const { strategy } = recordingStrategy(world, {
      apiBaseUrl: `${proxy.url}/v1`,
      requestTimeout: 600_000,
    });
    const url = await serve(loginApp(strategy));
    const page = new AbortController();
    const sent = proxy.next('/auths');
    proxy.swallow = ({ path }) => path === '/v1/auths';
    const seen = expect(logIn(url, { username: 'alice' }, page.signal)).rejects.toThrow();
    await sent;
    const event = { auth: 'x', auth_request: 'a'.repeat(32), user_hash: 'hash' };
    expect(await strategy.handleEvent(event)).toMatchObject({ status: 503 });
    page.abort();
    await seen;
  });

  it('is answered with 503 while the store is away', async () => {
    const world = await startWorld();
    const store = new MemoryStore();
    const { strategy } = recordingStrategy(world, { store });
    vi.spyOn(store, 'get').mockRejectedValue(new Error('the store is away'));
    const event = { auth: 'x', auth_request: 'a'.repeat(32), user_hash: 'hash' };
    expect(await strategy.handleEvent(event)).toMatchObject({ status: 503 });
  });

  it('counts without a question only if confirmCallback is false', async () => {
    const world = await startWorld();
    const { strategy, verified } = recordingStrategy(world, {
      answers: 'callback',
      confirmCallback: false,
    });
    const seen = logIn(await serve(loginApp(strategy)));
    const authRequest = await nextRequest(world.engine);
    const other = authPackage(world, { auth_request: 'b'.repeat(32), response: 'true' });
    const event = { auth_request: authRequest, user_hash: 'hash' };
    expect(await strategy.handleEvent({ ...event, auth: other })).toMatchObject({ status: 400 });
    const auth = authPackage(world, { auth_request: authRequest, response: 'true' });
    expect(await strategy.handleEvent({ ...event, auth })).toMatchObject({ status: 200 });
    // The engine has no answer and refuses the report, so no one is logged in.
    expect(await seen).toMatchObject({ user: false, info: { code: 'denied' } });
    expect(verified).toEqual([]);
  });

  it('ends the wait of another process that shares the store', async () => {
    const receiver = await eventReceiver();
    const world = await startWorld({ callbackUrl: receiver.url });
    const store = new MemoryStore();
    const a = recordingStrategy(world, { answers: 'callback', store });
    const b = recordingStrategy(world, { answers: 'callback', store });
    const seen = logIn(await serve(loginApp(a.strategy)));
    await world.engine.answer(await nextRequest(world.engine), true);
    expect(await b.strategy.handleEvent(await receiver.next())).toMatchObject({ status: 200 });
    expect(await seen).toMatchObject({ user: { id: expect.any(String) } });
    expect([a.verified.length, b.verified.length]).toEqual([1, 0]);
  });

  it('run verify once for each login while they race with a poll', async () => {
    const users = Array.from({ length: 40 }, (_, n) => `user${n}`);
    const { url, port } = await reserveUrl();
    const world = await startWorld({ users, callbackUrl: `${url}/callback` });
    const { strategy, verified } = recordingStrategy(world, { answers: 'both' });
    const server = createServer(loginApp(strategy)).listen(port, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const seen = users.map((username) => logIn(url, { username }));
    for (const user of users) {
      await world.engine.answer(await nextRequest(world.engine, user), true);
    }
    const ids = (await Promise.all(seen)).map(({ user }) => user && user.id);
    expect(new Set(ids).size).toBe(users.length);
    expect(verified.toSorted()).toEqual(ids.toSorted());
  });
});

describe('a logout event', () => {
  async function loggedIn(options: { clock?: () => number } = {}) {
    const receiver = await eventReceiver();
    const world = await startWorld({ ...options });
    const app = await world.engine.createApp({ name: 'With events', callbackUrl: receiver.url });
    const { appKey, secretKey, privateKey } = app;
    const { strategy } = recordingStrategy(world, { appKey, secretKey, privateKey });
    const url = await serve(loginApp(strategy));
    const logInOnce = async () => {
      const seen = logIn(url);
      const authRequest = await nextRequest(world.engine);
      await world.engine.answer(authRequest, true);
      await receiver.next();
      const { user } = await seen;
      return { authRequest, userHash: user && user.id };
    };
    const openSessions = async () => (await world.engine.sessions('alice')).length;
    return { world, receiver, strategy, url, logInOnce, openSessions };
  }

  it('ends the sessions of its user, and tells the application and the engine', async () => {
    const { world, receiver, strategy, url, logInOnce, openSessions } = await loggedIn();
    const first = await logInOnce();
    const second = await logInOnce();
    await world.engine.deorbit('alice');
    const logouts: unknown[] = [];
    const result = await strategy.handleEvent(await receiver.next(), {
      onLogout: (...args) => logouts.push(args),
    });
    const authRequests = [first.authRequest, second.authRequest];
    expect(result).toEqual({ status: 200, type: 'logout', userHash: first.userHash, authRequests });
    expect(logouts).toEqual([[first.userHash, authRequests]]);
    expect(await openSessions()).toBe(0);
    expect(url).toBeTruthy();
  });

  it('ends no newer session when it comes again', async () => {
    let offset = 0;
    const { world, receiver, strategy, logInOnce } = await loggedIn({
      clock: () => Date.now() + offset,
    });
    await logInOnce();
    await world.engine.deorbit('alice');
    const event = await receiver.next();
    expect(await strategy.handleEvent(event)).toMatchObject({ authRequests: [expect.any(String)] });
    offset = 2000;
    await strategy.client.ping();
    await logInOnce();
    expect(await strategy.handleEvent(event)).toMatchObject({ status: 200, authRequests: [] });
  });

  it('is answered with 400 and ends nothing if it is altered, forged or unsigned', async () => {
    const { world, receiver, strategy, logInOnce } = await loggedIn();
    await logInOnce();
    await world.engine.deorbit('alice');
    const event = await receiver.next();
    const { privateKey } = takeKeyPair();
    const deorbit = event.deorbit ?? '';
    const signature = createSign('sha256').update(deorbit).sign(privateKey, 'base64');
    const logouts = vi.fn();
    for (const wrong of [
      { ...event, deorbit: deorbit.replace(/("user_hash":\s*")/, '$1x') },
      { ...event, deorbit: `${deorbit} ` },
      { deorbit, signature },
      { deorbit },
      { deorbit, signature: '' },
    ]) {
      expect(await strategy.handleEvent(wrong, { onLogout: logouts })).toMatchObject({
        status: 400,
      });
    }
    expect(logouts).not.toHaveBeenCalled();
    expect(await strategy.handleEvent(event)).toMatchObject({ authRequests: [expect.any(String)] });
  });

  it.each([
    ['older', 301_000],
    ['further ahead', -360_000],
  ])('is answered with 400 if it is %s than five minutes in engine time', async (_which, later) => {
    let offset = 3 * 3600_000;
    const { world, receiver, strategy, logInOnce } = await loggedIn({
      clock: () => Date.now() + offset,
    });
    await logInOnce();
    await world.engine.deorbit('alice');
    const event = await receiver.next();
    offset += later;
    await strategy.client.ping();
    expect(await strategy.handleEvent(event)).toMatchObject({ status: 400 });
    offset -= later;
    await strategy.client.ping();
    expect(await strategy.handleEvent(event)).toMatchObject({ status: 200 });
  });

  it('keeps the user out if it comes while verify is running', async () => {
    const receiver = await eventReceiver();
    const world = await startWorld({ callbackUrl: receiver.url });
    const strategy: LaunchKeyStrategy = new LaunchKeyStrategy(world.options, async (userHash) => {
      await receiver.next();
      await world.engine.deorbit('alice');
      expect(await strategy.handleEvent(await receiver.next())).toMatchObject({ status: 200 });
      return { id: userHash };
    });
    const seen = logIn(await serve(loginApp(strategy)));
    await world.engine.answer(await nextRequest(world.engine), true);
    expect(await seen).toMatchObject({ user: false, info: { code: 'denied' } });
    expect(await world.engine.sessions('alice')).toEqual([]);
  });

  it('is completed when it comes again after a crash in the middle of it', async () => {
    const receiver = await eventReceiver();
    const world = await startWorld();
    const app = await world.engine.createApp({ name: 'Two', callbackUrl: receiver.url });
    const { appKey, secretKey, privateKey } = app;
    const store = new MemoryStore();
    const processes = [1, 2].map(
      () => recordingStrategy(world, { appKey, secretKey, privateKey, store }).strategy,
    ) as [LaunchKeyStrategy, LaunchKeyStrategy];
    const [first, second] = processes;
    const seen = logIn(await serve(loginApp(first)));
    const authRequest = await nextRequest(world.engine);
    await world.engine.answer(authRequest, true);
    await seen;
    await receiver.next();
    await world.engine.deorbit('alice');
    const event = await receiver.next();
    // The first process stops in the application's callback, so the event gets no response.
    await new Promise<void>((resolve) => {
      void first.handleEvent(event, {
        onLogout: () => {
          resolve();
          return new Promise(() => {});
        },
      });
    });
    expect(await world.engine.sessions('alice')).toHaveLength(1);
    const logouts: unknown[] = [];
    const result = await second.handleEvent(event, {
      onLogout: (_hash, ended) => logouts.push(ended),
    });
    expect(result).toMatchObject({ status: 200, authRequests: [authRequest] });
    expect(logouts).toEqual([[authRequest]]);
    expect(await world.engine.sessions('alice')).toEqual([]);
  });

  it('is answered with 503 if onLogout fails, and is completed when it comes again', async () => {
    const { world, receiver, strategy, logInOnce, openSessions } = await loggedIn();
    const { authRequest } = await logInOnce();
    await world.engine.deorbit('alice');
    const event = await receiver.next();
    const failing = { onLogout: () => Promise.reject(new Error('the database is away')) };
    expect(await strategy.handleEvent(event, failing)).toMatchObject({ status: 503 });
    expect(await strategy.handleEvent(event)).toMatchObject({
      status: 200,
      authRequests: [authRequest],
    });
    expect(await openSessions()).toBe(0);
  });
});
