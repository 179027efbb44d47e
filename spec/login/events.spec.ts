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

/** An address that is known before what listens there is made: an event needs a URL first. */
async function reserveUrl(): Promise<{ url: string; port: number }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return { url: `http://127.0.0.1:${port}`, port };
}

/** An auth package as a device makes it; anyone who has the public key can. */
function authPackage(world: World, content: object): string {
  return publicEncrypt(
    { key: world.publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
    Buffer.from(JSON.stringify(content)),
  ).toString('base64');
}

/** An `event_signature` as the engine makes it, by a key that is not the engine's. */
function signedByAStranger({ event_signature, ...event }: Record<string, string>): string {
  const { privateKey } = takeKeyPair();
  const text = new URLSearchParams(event);
  text.sort();
  return createSign('sha256').update(text.toString()).sign(privateKey, 'base64');
}

/** Resolves with the events that the engine sends, as they come. */
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

/** The event as engines send it that sign nothing. */
function unsigned({ event_signature, ...event }: Record<string, string>): Record<string, string> {
  expect(event_signature).toEqual(expect.any(String));
  return event;
}

/** A strategy that waits for events only, a proxy that sees what it asks, and the engine's events. */
async function listening() {
  const receiver = await eventReceiver();
  const world = await startWorld({ callbackUrl: receiver.url });
  const proxy = await new EngineProxy(world.engine.url).start();
  const options = { apiBaseUrl: `${proxy.url}/v1`, answers: 'callback' } as const;
  return { receiver, world, proxy, ...recordingStrategy(world, options) };
}

describe('an auth event', () => {
  it('that is signed ends a login that waits for it, and the engine is not asked', async () => {
    const { receiver, world, proxy, strategy, verified } = await listening();
    const url = await serve(loginApp(strategy));
    const seen = logIn(url);
    await world.engine.answer(await nextRequest(world.engine), true);
    const event = await receiver.next();
    expect((await sendEvent(`${url}/callback`, event)).status).toBe(200);
    expect(await seen).toEqual({ user: { id: verified[0] } });
    expect(verified).toEqual([event.user_hash]);
    expect(proxy.of('/poll')).toEqual([]);
    // Once more: it is known, and nobody is logged in by it.
    expect((await sendEvent(`${url}/callback`, event)).status).toBe(200);
    expect(verified).toHaveLength(1);
  });

  it.each<[string, (event: Record<string, string>) => Record<string, string>]>([
    ['names another user', (event) => ({ ...event, user_hash: 'somebody else' })],
    [
      'names another moment',
      (event) => ({ ...event, event_time: new Date(Date.now() + 1000).toISOString() }),
    ],
    ['has another id', (event) => ({ ...event, event_id: 'a'.repeat(32) })],
    ['has a parameter more', (event) => ({ ...event, user_push_id: 'push' })],
    [
      'is signed by another key',
      (event) => ({ ...event, event_signature: signedByAStranger(event) }),
    ],
  ])('whose signature does not fit, since it %s, is a hint and no more', async (_what, alter) => {
    const { receiver, world, proxy, strategy, verified } = await listening();
    const seen = logIn(await serve(loginApp(strategy)));
    await world.engine.answer(await nextRequest(world.engine), true);
    const event = await receiver.next();
    expect(await strategy.handleEvent(alter(event))).toMatchObject({ status: 200 });
    expect(await seen).toMatchObject({ user: { id: event.user_hash } });
    expect(proxy.of('/poll')).toHaveLength(1);
    expect(verified).toEqual([event.user_hash]);
  });

  it('that is signed but older than five minutes is a hint and no more', async () => {
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

  it('that is signed, with a package for another auth request, is 400', async () => {
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

  it('that is not signed ends a login too, with one question to the engine', async () => {
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

  it('that comes twice, and after the finish too, is taken and changes nothing', async () => {
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

  it('for an auth request that is not ours is 404, and nothing is asked or decrypted', async () => {
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

  it('that overtakes the answer to authorize is waited for', async () => {
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

  it('is a hint: a forged approval is refused, and the denial that follows counts', async () => {
    const world = await startWorld();
    for (const answers of ['callback', 'both'] as const) {
      const { strategy, verified } = recordingStrategy(world, { answers });
      const seen = logIn(await serve(loginApp(strategy)));
      const authRequest = await nextRequest(world.engine);
      const forged = {
        auth: authPackage(world, { auth_request: authRequest, response: 'true', device_id: 'x' }),
        auth_request: authRequest,
        user_hash: 'somebody',
      };
      expect(await strategy.handleEvent(forged)).toMatchObject({
        status: 400,
        error: expect.any(InvalidCallbackError),
      });
      await world.engine.answer(authRequest, false);
      // The forged package was not made by the device: it is refused no more and no less than
      // before, but the engine's answer is what the login gets.
      await strategy.handleEvent(forged);
      expect(await seen).toMatchObject({ user: false, info: { code: 'denied' } });
      expect(verified).toEqual([]);
    }
  });

  it('logs in whom the engine names, not whom the event names', async () => {
    const receiver = await eventReceiver();
    const world = await startWorld({ callbackUrl: receiver.url });
    const { strategy, verified } = recordingStrategy(world, { answers: 'callback' });
    const seen = logIn(await serve(loginApp(strategy)));
    await world.engine.answer(await nextRequest(world.engine), true);
    const event = await receiver.next();
    await strategy.handleEvent({ ...event, user_hash: 'somebody else' });
    await seen;
    expect(verified).toEqual([event.user_hash]);
  });

  it.each<[string, (world: World, authRequest: string) => string]>([
    ['does not decrypt', () => Buffer.alloc(256, 7).toString('base64')],
    ['is no base64', () => '%%%'],
    [
      'names another auth request',
      (world) => authPackage(world, { auth_request: 'b'.repeat(32), response: 'true' }),
    ],
    ['is no JSON object', (world) => authPackage(world, ['true'])],
  ])('whose package %s is 400, and the login goes on', async (_what, auth) => {
    const world = await startWorld();
    const { strategy } = recordingStrategy(world, { answers: 'both' });
    const seen = logIn(await serve(loginApp(strategy)));
    const authRequest = await nextRequest(world.engine);
    const event = { auth: auth(world, authRequest), auth_request: authRequest, user_hash: 'hash' };
    expect(await strategy.handleEvent(event)).toMatchObject({ status: 400 });
    await world.engine.answer(authRequest, true);
    expect(await seen).toMatchObject({ user: { id: expect.any(String) } });
  });

  it('is 503 while the engine cannot be asked, and the login goes on', async () => {
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
    ['whose browser has left', 300_000, (page) => page.abort()],
    ['that has expired here', 400, () => {}],
  ])('about a login %s leaves no LaunchKey session open', async (_which, loginTimeout, leave) => {
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

  it('about a login that nobody has looked at since it expired leaves no session open', async () => {
    const receiver = await eventReceiver();
    const world = await startWorld({ callbackUrl: receiver.url });
    const store = new MemoryStore();
    const { strategy } = recordingStrategy(world, { answers: 'callback', store });
    const page = new AbortController();
    const add = store.add.bind(store);
    // As one that was begun in `redirect` and left alone.
    store.add = (login, ttl) => add({ ...login, expiresAt: Date.now() - 1 }, ttl);
    store.waitForAnswer = () => new Promise(() => {});
    const seen = logIn(await serve(loginApp(strategy)), undefined, page.signal).catch(() => {});
    await world.engine.answer(await nextRequest(world.engine), true);
    expect(await strategy.handleEvent(await receiver.next())).toMatchObject({ status: 200 });
    expect(await world.engine.sessions('alice')).toEqual([]);
    page.abort();
    await seen;
  });

  it('is 503 where logins that are being started do not settle', async () => {
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

  it('is 503 while the store is away', async () => {
    const world = await startWorld();
    const store = new MemoryStore();
    const { strategy } = recordingStrategy(world, { store });
    vi.spyOn(store, 'get').mockRejectedValue(new Error('the store is away'));
    const event = { auth: 'x', auth_request: 'a'.repeat(32), user_hash: 'hash' };
    expect(await strategy.handleEvent(event)).toMatchObject({ status: 503 });
  });

  it('is believed without a question only where confirmCallback is switched off', async () => {
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
    // The engine has heard of no answer and refuses the report: then nobody is logged in.
    expect(await seen).toMatchObject({ user: false, info: { code: 'denied' } });
    expect(verified).toEqual([]);
  });

  it('wakes the login of another process that shares the store', async () => {
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

  it('and the poll may both bring the answer: verify runs once for each login', async () => {
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

  it('ends the sessions of that user, tells the application and the engine', async () => {
    const { world, receiver, strategy, url, logInOnce, openSessions } = await loggedIn();
    const first = await logInOnce();
    const second = await logInOnce();
    await world.engine.deorbit('alice');
    const told: unknown[] = [];
    const result = await strategy.handleEvent(await receiver.next(), {
      onLogout: (...args) => told.push(args),
    });
    const authRequests = [first.authRequest, second.authRequest];
    expect(result).toEqual({ status: 200, type: 'logout', userHash: first.userHash, authRequests });
    expect(told).toEqual([[first.userHash, authRequests]]);
    expect(await openSessions()).toBe(0);
    expect(url).toBeTruthy();
  });

  it('that comes again ends nothing newer', async () => {
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

  it('that is altered, forged or unsigned is 400 and ends nothing', async () => {
    const { world, receiver, strategy, logInOnce } = await loggedIn();
    await logInOnce();
    await world.engine.deorbit('alice');
    const event = await receiver.next();
    const { privateKey } = takeKeyPair();
    const deorbit = event.deorbit ?? '';
    const signature = createSign('sha256').update(deorbit).sign(privateKey, 'base64');
    const told = vi.fn();
    for (const wrong of [
      { ...event, deorbit: deorbit.replace(/("user_hash":\s*")/, '$1x') },
      { ...event, deorbit: `${deorbit} ` },
      { deorbit, signature },
      { deorbit },
      { deorbit, signature: '' },
    ]) {
      expect(await strategy.handleEvent(wrong, { onLogout: told })).toMatchObject({ status: 400 });
    }
    expect(told).not.toHaveBeenCalled();
    expect(await strategy.handleEvent(event)).toMatchObject({ authRequests: [expect.any(String)] });
  });

  it.each([
    ['older', 301_000],
    ['further ahead', -360_000],
  ])('%s than five minutes in engine time is 400', async (_which, later) => {
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

  it('that comes while verify is at work keeps the user out', async () => {
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

  it('that a crash cuts short after the sessions were ended is finished when it comes again', async () => {
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
    // The first process gets no further than to the application, and the event is never answered.
    await new Promise<void>((resolve) => {
      void first.handleEvent(event, {
        onLogout: () => {
          resolve();
          return new Promise(() => {});
        },
      });
    });
    expect(await world.engine.sessions('alice')).toHaveLength(1);
    const told: unknown[] = [];
    const result = await second.handleEvent(event, {
      onLogout: (_hash, ended) => told.push(ended),
    });
    expect(result).toMatchObject({ status: 200, authRequests: [authRequest] });
    expect(told).toEqual([[authRequest]]);
    expect(await world.engine.sessions('alice')).toEqual([]);
  });

  it('is 503 where onLogout fails, and does everything when it comes again', async () => {
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
