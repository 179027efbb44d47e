import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type NextFunction, type Request, type Response } from 'express';
import session from 'express-session';
import passport from 'passport';
import { LaunchKeyStrategy, type LaunchKeyStrategyOptionsWithoutRequest } from 'passport-launchkey';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serve } from './support/app.js';
import { TestBrowser } from './support/browser.js';
import { EngineProxy } from './support/proxy.js';
import { nextRequest, recordingStrategy, startWorld } from './support/world.js';

/** How other code responds to a request that the strategy has not answered. */
const WAYS: [string, (res: Response, next: NextFunction) => void][] = [
  ['a time-out of 503', (res) => res.status(503).send('Too slow')],
  ['a bare end()', (res) => res.end()],
  ['an error handler', (_res, next) => next(new Error('Too slow'))],
];

/** A promise, and the function that resolves it. */
function makeGate() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** An application in which `interrupt()` responds to the current request in place of the strategy. */
async function start(
  respond: (res: Response, next: NextFunction) => void,
  overrides: Partial<LaunchKeyStrategyOptionsWithoutRequest> = {},
) {
  const world = await startWorld();
  const proxy = await new EngineProxy(world.engine.url).start();
  const verified: string[] = [];
  const verifying = makeGate();
  const verify = { until: Promise.resolve() };
  const strategy = new LaunchKeyStrategy(
    {
      ...world.options,
      apiBaseUrl: `${proxy.url}/v1`,
      waitUrl: '/login/wait',
      numberMatching: false,
      ...overrides,
    },
    async (id) => {
      verified.push(id);
      verifying.resolve();
      await verify.until;
      return { id };
    },
  );
  const auth = new passport.Passport();
  auth.use(strategy);
  auth.serializeUser((user, done) => done(null, user));
  auth.deserializeUser((user, done) => done(null, user as Express.User));
  const app = express();
  let current: [Response, NextFunction] | undefined;
  const store = new session.MemoryStore();
  app.use(
    session({ secret: 'test', resave: false, saveUninitialized: false, store }),
    auth.session(),
  );
  app.use((_req, res, next) => {
    current = [res, next];
    next();
  });
  app.use(express.urlencoded({ extended: false }));
  const actions: string[] = [];
  app.all('/callback', strategy.callback());
  app.use(strategy.session());
  app.use('/login/wait', strategy.waiting());
  app.get('/', (req, res) => void res.json({ in: Boolean(req.user) }));
  app.post('/login', (req, res, next) => {
    const answer: passport.AuthenticateCallback = (error, user, info) => {
      actions.push(error ? 'error' : user ? 'success' : 'fail');
      if (error || !user) return res.status(401).json(info ?? {});
      return req.logIn(user, (failed) => (failed ? next(failed) : res.redirect('/')));
    };
    auth.authenticate(strategy, answer)(req, res, next);
  });
  app.use((error: Error, _req: Request, res: Response, _next: NextFunction) => {
    res.status(500).json({ handled: error.message });
  });
  const browser = new TestBrowser(await serve(app));
  /** Resolves when the response has been sent, or begun. */
  const interrupt = async () => {
    const [res, next] = current as [Response, NextFunction];
    const sent = once(res, 'close');
    respond(res, next);
    if (!res.writableEnded) return void onTestFinished(() => void res.end());
    await sent;
  };
  return { ...world, proxy, browser, interrupt, actions, verified, verifying, verify, store };
}

/** Holds back the engine's next answers of one path, until `release()`. */
function holdBack(proxy: EngineProxy, path: string) {
  const gate = makeGate();
  proxy.holdBack = (call) => (call.path === `/v1${path}` ? gate.promise : undefined);
  return { called: proxy.next(path), release: gate.resolve };
}

/** Lets the strategy act on what the engine has answered. */
async function settle(proxy: EngineProxy) {
  do await new Promise(setImmediate);
  while (proxy.underWay.size > 0);
  for (let turns = 0; turns < 50; turns++) await new Promise(setImmediate);
}

describe.each(WAYS)('a login request to which other code responds by %s', (_way, respond) => {
  it('logs no one in while it is held, and calls no action', async () => {
    const { engine, proxy, browser, interrupt, actions, verified } = await start(respond);
    const response = browser.post('/login', { username: 'alice' });
    const authRequest = await nextRequest(engine);
    await interrupt();
    await response;
    await engine.answer(authRequest, true).catch(() => {});
    await settle(proxy);
    expect({ verified, actions }).toEqual({ verified: [], actions: [] });
  });

  it.each(['redirect', 'accept'] as const)(
    'leaves no login that the browser cannot finish, at its start in mode %s',
    async (pending) => {
      const { engine, proxy, browser, interrupt, actions } = await start(respond, { pending });
      const { called, release } = holdBack(proxy, '/auths');
      const response = browser.post('/login', { username: 'alice' });
      await called;
      await interrupt();
      await response;
      const withdrawn = proxy.next('/logs');
      release();
      expect((await withdrawn).form.get('action')).toBe('Withdraw');
      await settle(proxy);
      expect(await engine.requests('alice')).toEqual([]);
      expect(actions).toEqual([]);
      expect((await browser.post('/login')).status).toBe(401);
    },
  );

  it.each(['redirect', 'accept'] as const)(
    'keeps the login for the next request, at its finish in mode %s',
    async (pending) => {
      const { engine, proxy, browser, interrupt, actions, verified } = await start(respond, {
        pending,
      });
      await browser.post('/login', { username: 'alice' });
      actions.length = 0;
      const { called, release } = holdBack(proxy, '/poll');
      const response = browser.post('/login');
      await called;
      await interrupt();
      await response;
      await engine.answer(await nextRequest(engine), true);
      release();
      await settle(proxy);
      expect({ verified, actions }).toEqual({ verified: [], actions: [] });
      expect(await engine.sessions('alice')).toMatchObject([{ confirmed: false }]);
      expect((await browser.post('/login')).status).toBe(302);
      expect(verified).toHaveLength(1);
    },
  );

  it.each(['hold', 'redirect', 'accept'] as const)(
    'ends the LaunchKey session if the response is sent while verify runs, in mode %s',
    async (pending) => {
      const { engine, browser, interrupt, actions, verifying, verify, proxy } = await start(
        respond,
        { pending },
      );
      const gate = makeGate();
      verify.until = gate.promise;
      const begun = browser.post('/login', { username: 'alice' });
      if (pending !== 'hold') await begun;
      await engine.answer(await nextRequest(engine), true);
      const response = pending === 'hold' ? begun : browser.post('/login');
      await verifying.promise;
      actions.length = 0;
      await interrupt();
      await response;
      const revoked = proxy.next('/logs');
      gate.resolve();
      expect((await revoked).form.get('action')).toBe('Revoke');
      await settle(proxy);
      expect(actions).toEqual([]);
      expect(await engine.sessions('alice')).toEqual([]);
    },
  );
});

describe('a held login request', () => {
  it('is undone if other code responds while the session is stored', async () => {
    const { engine, proxy, browser, interrupt, store } = await start((res) =>
      res.status(503).end(),
    );
    const gate = makeGate();
    const storing = makeGate();
    const set = store.set.bind(store);
    store.set = (...args) => {
      storing.resolve();
      gate.promise.then(() => set(...args));
    };
    const response = browser.post('/login', { username: 'alice' });
    await engine.answer(await nextRequest(engine), true);
    await storing.promise;
    await interrupt();
    const revoked = proxy.next('/logs');
    gate.resolve();
    expect((await response).status).toBe(503);
    expect((await revoked).form.get('action')).toBe('Revoke');
    await settle(proxy);
    expect(await (await browser.send('/')).json()).toEqual({ in: false });
  });

  it('logs no one in after other code has begun a response', async () => {
    const { engine, proxy, browser, interrupt, actions, verified } = await start((res) =>
      res.writeHead(200).flushHeaders(),
    );
    const response = browser.post('/login', { username: 'alice' });
    const authRequest = await nextRequest(engine);
    await interrupt();
    await response;
    await engine.answer(authRequest, true);
    await settle(proxy);
    expect({ verified, actions }).toEqual({ verified: [], actions: [] });
  });

  it('logs no one in after the response in a host whose request does not refer to it', async () => {
    const world = await startWorld();
    const proxy = await new EngineProxy(world.engine.url).start();
    const { strategy, verified } = recordingStrategy(world, { apiBaseUrl: `${proxy.url}/v1` });
    const server = createServer((req, res) => {
      const host = Object.create(strategy);
      host.success = host.fail = host.error = () => expect.unreachable();
      host.authenticate(Object.assign(req, { body: { username: 'alice' } }), {});
      proxy.next('/poll').then(() => res.writeHead(503).end());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const response = fetch(`http://127.0.0.1:${port}`, { method: 'POST' });
    const authRequest = await nextRequest(world.engine);
    expect((await response).status).toBe(503);
    await world.engine.answer(authRequest, true).catch(() => {});
    await settle(proxy);
    expect(verified).toEqual([]);
  });
});

describe.each(WAYS)('a handler in whose place other code responds by %s', (_way, respond) => {
  it('leaves the status of the waiting page unsent', async () => {
    const { proxy, browser, interrupt } = await start(respond, { pending: 'redirect' });
    const begun = await browser.post('/login', { username: 'alice' });
    const page = begun.headers.get('location') ?? '';
    const polled = proxy.next('/poll');
    const response = browser.send(page, { headers: { accept: 'application/json' } });
    await polled;
    await interrupt();
    await response;
    await settle(proxy);
    expect(await browser.status(page, 0)).toMatchObject({ state: 'pending' });
  });
});
