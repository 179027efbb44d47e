import express from 'express';
import session from 'express-session';
import { LaunchKeyStrategy, MemoryStore } from 'passport-launchkey';
import { describe, expect, it } from 'vitest';
import { logIn, loginApp, serve } from '../support/app.js';
import { nextRequest, recordingStrategy, startWorld } from '../support/world.js';

describe('an option policy without a policy', () => {
  it.each<[string, unknown]>([
    ['raw options', { all: 2 }],
    ['a list', []],
    ['a promise', Promise.resolve({})],
    ['an empty policy', { minimum_requirements: [], factors: [] }],
  ])('is refused before a push is sent: %s', async (_what, policy) => {
    const world = await startWorld();
    const { strategy } = recordingStrategy(world);
    const seen = await logIn(await serve(loginApp(strategy, { policy: () => policy })));
    expect(seen.error).toMatchObject({ name: 'InvalidRequestError' });
    expect(await world.engine.requests('alice')).toEqual([]);
  });
});

describe('session() with a store that fails', () => {
  it.each([undefined, 'route', 'router'])(
    'lets no request through when the store throws %s',
    async (thrown) => {
      const world = await startWorld();
      const store = new MemoryStore();
      store.getSession = () => Promise.reject(thrown);
      const { strategy } = recordingStrategy(world, { store });
      const app = express();
      app.use(session({ secret: 'test', resave: false, saveUninitialized: true }));
      app.use((req, _res, next) => {
        Reflect.set(req.session, 'launchkey:launchkey', { session: 'handle' });
        Reflect.set(req, 'logout', next);
        next();
      });
      app.get('/', strategy.session(), (_req, res) => void res.send('let in'));
      app.get('/', (_req, res) => void res.send('let in'));
      const response = await fetch(await serve(app));
      expect(response.status).toBe(500);
    },
  );
});

describe('an empty option username', () => {
  it.each([undefined, null, ''])('does not fall back to the request: %j', async (username) => {
    const world = await startWorld();
    const { strategy } = recordingStrategy(world);
    const seen = await logIn(await serve(loginApp(strategy, { username })));
    expect(seen).toMatchObject({ status: 400, info: { code: 'missing_username' } });
    expect(await world.engine.requests('alice')).toEqual([]);
  });
});

describe('a browser that disconnects while verify is running', () => {
  it('is not logged in, and its LaunchKey session is ended', async () => {
    const world = await startWorld();
    const page = new AbortController();
    let closed: Promise<void> | undefined;
    let ended = () => {};
    const revoked = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const strategy = new LaunchKeyStrategy(world.options, async (id) => {
      page.abort();
      await closed;
      return { id };
    });
    const logout = strategy.client.logout.bind(strategy.client);
    strategy.client.logout = async (...args) => {
      const confirmed = await logout(...args);
      ended();
      return confirmed;
    };
    const app = express();
    app.use((req, _res, next) => {
      closed = new Promise((resolve) => req.socket.once('close', () => setImmediate(resolve)));
      next();
    });
    app.use(loginApp(strategy));
    const seen = expect(
      logIn(await serve(app), { username: 'alice' }, page.signal),
    ).rejects.toThrow();
    await world.engine.answer(await nextRequest(world.engine), true);
    await seen;
    await revoked;
    expect(await world.engine.sessions('alice')).toEqual([]);
  });
});
