import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { type LaunchKeySession, LaunchKeyStrategy, MemoryStore } from 'passport-launchkey';
import { describe, expect, it } from 'vitest';
import { serve } from '../support/app.js';
import { cookiesOf } from '../support/cookies.js';
import { nextRequest, startWorld, type World } from '../support/world.js';

/** An application with sessions, whose `/` shows the content of the browser's session. */
async function start(
  world: World,
  { store = new MemoryStore(), logIn = {} }: { store?: MemoryStore; logIn?: object } = {},
) {
  const strategy = new LaunchKeyStrategy({ ...world.options, store }, async (id) => ({ id }));
  const auth = new passport.Passport();
  auth.use(strategy);
  auth.serializeUser((user, done) => done(null, user));
  auth.deserializeUser((user, done) => done(null, user as Express.User));
  const app = express();
  app.use(session({ secret: 'test', resave: false, saveUninitialized: true }));
  app.use(auth.session(), strategy.session(), express.urlencoded({ extended: false }));
  app.post('/login', auth.authenticate('launchkey', logIn), (req, res) => {
    res.json({ in: Boolean(req.user) });
  });
  app.get('/', (req, res) => {
    res.json({ in: Boolean(req.user), session: req.session });
  });
  app.use(((error, _req, res, _next) => {
    res.status(500).json({ error: error.message });
  }) as express.ErrorRequestHandler);
  const url = await serve(app);

  const response = fetch(`${url}/login`, {
    method: 'POST',
    body: new URLSearchParams({ username: 'alice' }),
  });
  const authRequest = await nextRequest(world.engine);
  await world.engine.answer(authRequest, true);
  const { headers } = await response;
  const cookie = cookiesOf(headers);
  const look = async () => {
    const seen = await fetch(url, { headers: { cookie } });
    return { status: seen.status, ...((await seen.json()) as { in?: boolean; session?: object }) };
  };
  return { store, authRequest, look };
}

describe('the session of a browser', () => {
  it('holds a handle after the login, and never the engine’s token', async () => {
    const world = await startWorld();
    const { look, authRequest } = await start(world);
    const { session: held } = await look();
    expect(held).toHaveProperty(
      ['launchkey:launchkey', 'session'],
      expect.stringMatching(/^[\w-]{43}$/),
    );
    expect(JSON.stringify(held)).not.toContain(authRequest);
  });

  it('keeps the handle with keepSessionInfo', async () => {
    const world = await startWorld();
    const { look } = await start(world, { logIn: { keepSessionInfo: true } });
    expect((await look()).session).toHaveProperty(['launchkey:launchkey']);
  });

  it('holds nothing with session: false', async () => {
    const world = await startWorld();
    const { look } = await start(world, { logIn: { session: false, authType: 'session' } });
    expect((await look()).session).not.toHaveProperty(['launchkey:launchkey']);
  });
});

describe('session()', () => {
  it('logs the browser out at the next request after the user logged out on the device', async () => {
    const world = await startWorld();
    const store = new MemoryStore();
    const opened: LaunchKeySession[] = [];
    const openSession = store.openSession.bind(store);
    store.openSession = (record, ttl) => {
      opened.push(record);
      return openSession(record, ttl);
    };
    const { look } = await start(world, { store });
    expect(await look()).toMatchObject({ in: true });
    for (const { userHash, startedAt } of opened) await store.endSessions(userHash, startedAt);
    expect(await look()).toMatchObject({ status: 200, in: false });
    expect((await look()).session).not.toHaveProperty(['launchkey:launchkey']);
  });

  it('lets no request through while the store is away', async () => {
    const world = await startWorld();
    const { look, store } = await start(world);
    store.getSession = () => Promise.reject(new Error('the store is away'));
    expect(await look()).toEqual({ status: 500, error: 'the store is away' });
  });
});

describe('an approved login without logIn by the application', () => {
  it('leaves no LaunchKey session in the browser session', async () => {
    const world = await startWorld();
    const strategy = new LaunchKeyStrategy(world.options, async (id) => ({ id }));
    const app = express();
    app.use(session({ secret: 'test', resave: false, saveUninitialized: true }));
    app.use(express.urlencoded({ extended: false }));
    app.post('/login', (req, res, next) => {
      const answer = () => res.json(req.session);
      new passport.Passport().authenticate(strategy, answer)(req, res, next);
    });
    const response = fetch(`${await serve(app)}/login`, {
      method: 'POST',
      body: new URLSearchParams({ username: 'alice' }),
    });
    await world.engine.answer(await nextRequest(world.engine), true);
    expect(await (await response).json()).not.toHaveProperty(['launchkey:launchkey']);
  });
});
