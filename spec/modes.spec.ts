import express from 'express';
import session from 'express-session';
import passport from 'passport';
import type { LaunchKeyStrategy } from 'passport-launchkey';
import { describe, expect, it } from 'vitest';
import { serve } from './support/app.js';
import { CookieJar } from './support/cookies.js';
import { EngineProxy } from './support/proxy.js';
import { nextRequest, recordingStrategy, startWorld, type World } from './support/world.js';

/** An application with sessions, whose login route shows the arguments of Passport's callback. */
async function serveSessions(strategy: LaunchKeyStrategy, writes: string[] = []): Promise<string> {
  const auth = new passport.Passport();
  auth.serializeUser((user, done) => done(null, user));
  auth.deserializeUser((user, done) => done(null, user as Express.User));
  const app = express();
  const store = new session.MemoryStore();
  const set = store.set.bind(store);
  store.set = (...args) => {
    writes.push(args[0]);
    set(...args);
  };
  app.use(session({ secret: 'test', resave: false, saveUninitialized: false, store }));
  app.use(auth.session(), express.urlencoded({ extended: false }));
  app.get('/me', (req, res) => {
    res.json(req.user ?? null);
  });
  app.post('/login', (req, res, next) => {
    const answer: passport.AuthenticateCallback = (error, user, info, status) => {
      if (error) return res.json({ error: { name: error.name, message: error.message } });
      if (!user) return res.json({ user: null, info, status });
      return req.logIn(user, (failed) => (failed ? next(failed) : res.json({ user })));
    };
    auth.authenticate(strategy, answer)(req, res, next);
  });
  return serve(app);
}

/** The response of this application. */
interface Seen {
  user: { id: string } | null;
  status: number;
  info: { code: string; request: string; number: number };
}

/** A browser that keeps its cookie. */
function browser(url: string) {
  const jar = new CookieJar();
  const send = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(url + path, {
      redirect: 'manual',
      headers: { cookie: String(jar) },
      ...init,
    });
    jar.keep(response.headers.getSetCookie());
    return response;
  };
  const post = (form: Record<string, string> = {}) =>
    send('/login', { method: 'POST', body: new URLSearchParams(form) });
  return {
    post,
    json: async (form: Record<string, string> = {}) => (await (await post(form)).json()) as Seen,
    me: async () => (await send('/me')).json(),
  };
}

const named = (location: string | null) =>
  new URL(location ?? '', 'http://app').searchParams.get('request') ?? '';

async function answer(world: World, approve = true, user = 'alice') {
  await world.engine.answer(await nextRequest(world.engine, user), approve);
}

describe("pending: 'redirect'", () => {
  async function start(overrides: Parameters<typeof recordingStrategy>[1] = {}, users?: string[]) {
    const world = await startWorld({ users });
    const recording = recordingStrategy(world, {
      pending: 'redirect',
      waitUrl: '/login/wait',
      ...overrides,
    });
    const writes: string[] = [];
    const url = await serveSessions(recording.strategy, writes);
    return { world, ...recording, writes, url };
  }

  it('has six digits typed on the device unless the application wants it otherwise', async () => {
    const { world, url } = await start({ numberMatching: undefined });
    await browser(url).post({ username: 'alice' });
    expect(await world.engine.requests('alice')).toMatchObject([{ numberLength: 6 }]);
  });

  it('redirects to the waiting page, and finishes by a request without a user name', async () => {
    const { world, verified, url } = await start();
    const alice = browser(url);
    const begun = await alice.post({ username: 'alice' });
    expect(begun.status).toBe(303);
    const location = begun.headers.get('location') ?? '';
    expect(location).toMatch(/^\/login\/wait\?request=[\w-]{43}$/);
    const early = await alice.post();
    expect([early.status, early.headers.get('location')]).toEqual([303, location]);
    await answer(world);
    expect(await alice.json({ request: named(location) })).toEqual({ user: { id: verified[0] } });
    expect(await alice.me()).toEqual({ id: verified[0] });
    expect(verified).toHaveLength(1);
  });

  it('never shows the engine’s token to the browser', async () => {
    const { world, url } = await start();
    const begun = await browser(url).post({ username: 'alice' });
    const token = await nextRequest(world.engine);
    expect(begun.headers.get('location')).not.toContain(token);
    expect(begun.headers.get('set-cookie')).not.toContain(token);
  });

  it('finishes a login in the browser that began it and in no other', async () => {
    const { world, verified, url } = await start();
    const alice = browser(url);
    const mallory = browser(url);
    const request = named((await alice.post({ username: 'alice' })).headers.get('location'));
    await mallory.post({ username: 'alice' });
    const [first] = await world.engine.requests('alice');
    for (const { authRequest } of await world.engine.requests('alice')) {
      if (authRequest === first?.authRequest) await world.engine.answer(authRequest, true);
    }
    expect(await mallory.json({ request })).toMatchObject({
      user: null,
      status: 400,
      info: { code: 'missing_username' },
    });
    expect(await browser(url).json({ request })).toMatchObject({ user: null, status: 400 });
    expect(verified).toEqual([]);
  });

  it('reports a second finish in the same browser as finished', async () => {
    const { world, verified, url } = await start();
    const alice = browser(url);
    const request = named((await alice.post({ username: 'alice' })).headers.get('location'));
    await answer(world);
    await alice.post({ request });
    expect(await alice.json({ request })).toMatchObject({
      user: null,
      status: 401,
      info: { code: 'finished' },
    });
    expect(await alice.me()).toEqual({ id: verified[0] });
  });

  it('logs in once when two finishes come at the same moment', async () => {
    const { world, verified, url } = await start();
    const alice = browser(url);
    const request = named((await alice.post({ username: 'alice' })).headers.get('location'));
    await answer(world);
    const outcomes = await Promise.all([alice.json({ request }), alice.json({ request })]);
    expect(verified).toHaveLength(1);
    expect(outcomes.filter(({ user }) => user)).toHaveLength(1);
    expect(outcomes.filter(({ info }) => info?.code === 'finished')).toHaveLength(1);
  });

  it('lets two tabs log in side by side', async () => {
    const { world, url } = await start({}, ['alice', 'bob']);
    const tabs = browser(url);
    const first = named((await tabs.post({ username: 'alice' })).headers.get('location'));
    const second = named((await tabs.post({ username: 'bob' })).headers.get('location'));
    await answer(world, true, 'alice');
    await answer(world, true, 'bob');
    const alice = await tabs.json({ request: first });
    const bob = await tabs.json({ request: second });
    expect(alice.user?.id).not.toBe(bob.user?.id);
    expect(await tabs.me()).toEqual(bob.user);
  });

  it('reports a denial as often as it is asked', async () => {
    const { world, verified, url } = await start();
    const alice = browser(url);
    const request = named((await alice.post({ username: 'alice' })).headers.get('location'));
    await answer(world, false);
    for (let tries = 0; tries < 2; tries++) {
      expect(await alice.json({ request })).toMatchObject({
        info: { code: 'denied' },
        status: 401,
      });
    }
    expect(verified).toEqual([]);
  });

  it('reports a login without an answer as expired', async () => {
    const { url } = await start({ loginTimeout: 50 });
    const alice = browser(url);
    const request = named((await alice.post({ username: 'alice' })).headers.get('location'));
    let outcome: Response;
    do outcome = await alice.post({ request });
    while (outcome.status === 303);
    expect(await outcome.json()).toMatchObject({ info: { code: 'expired' }, status: 401 });
  });

  it('writes to the session when a login begins and ends, and not while it waits', async () => {
    const { world, url, writes } = await start();
    const alice = browser(url);
    const request = named((await alice.post({ username: 'alice' })).headers.get('location'));
    const begun = writes.length;
    await alice.post();
    await alice.post({ request });
    expect(writes.length).toBe(begun);
    await answer(world);
    await alice.post({ request });
    const finished = writes.length;
    expect(finished).toBeGreaterThan(begun);
    await alice.post({ request });
    expect(writes.length).toBe(finished);
  });

  it('asks for a user name if the browser has no login', async () => {
    const { url } = await start();
    expect(await browser(url).json()).toMatchObject({
      status: 400,
      info: { code: 'missing_username' },
    });
  });

  it('lets a finish be repeated whose report could not be delivered', async () => {
    const { world, strategy, verified, url } = await start();
    const alice = browser(url);
    const request = named((await alice.post({ username: 'alice' })).headers.get('location'));
    await answer(world);
    const report = strategy.client.report.bind(strategy.client);
    strategy.client.report = () => Promise.reject(new Error('lost'));
    expect(await alice.json({ request })).toMatchObject({ error: { message: 'lost' } });
    strategy.client.report = report;
    expect(await alice.json({ request })).toEqual({ user: { id: verified[0] } });
  });

  it.each(['', '//elsewhere', 'javascript:alert(1)', 'wait', '/a b'])(
    'refuses %j as waitUrl',
    async (waitUrl) => {
      await expect(start({ waitUrl })).rejects.toThrow('waitUrl');
    },
  );
});

describe("pending: 'accept'", () => {
  async function start(overrides: Parameters<typeof recordingStrategy>[1] = {}) {
    const world = await startWorld();
    const recording = recordingStrategy(world, { pending: 'accept', ...overrides });
    return { world, ...recording, url: await serveSessions(recording.strategy) };
  }

  it('responds with 202 at once, and waits for the end in the same call without a user name', async () => {
    const { world, verified, url } = await start();
    const app = browser(url);
    const begun = await app.json({ username: 'alice' });
    expect(begun).toEqual({
      user: null,
      status: 202,
      info: {
        code: 'pending',
        status: 202,
        message: expect.any(String),
        request: expect.stringMatching(/^[\w-]{43}$/),
        expiresAt: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    });
    const waiting = app.json({ request: begun.info.request });
    await answer(world);
    expect(await waiting).toEqual({ user: { id: verified[0] } });
  });

  it('responds with 202 again when there is no answer within longPoll', async () => {
    const { url } = await start({ longPoll: 1 });
    const app = browser(url);
    const begun = await app.json({ username: 'alice' });
    expect(await app.json()).toMatchObject({
      status: 202,
      info: { code: 'pending', request: begun.info.request },
    });
  });

  it('keeps the answer for a client that disconnected while it waited', async () => {
    const { world, verified, url } = await start();
    const app = browser(url);
    const begun = await app.json({ username: 'alice' });
    await answer(world);
    expect(await app.json({ request: begun.info.request })).toEqual({ user: { id: verified[0] } });
  });

  it('shows a number of six digits that must be typed on the device', async () => {
    const { world, url } = await start({ numberMatching: true });
    const app = browser(url);
    const { info } = await app.json({ username: 'alice' });
    expect(String(info.number)).toMatch(/^[1-9]\d{5}$/);
    const [request] = await world.engine.requests('alice');
    expect(request).toMatchObject({ numberLength: 6 });
    expect(JSON.stringify(request)).not.toContain(String(info.number));
    await world.engine.answer(request?.authRequest ?? '', true, { number: info.number });
    expect(await app.json()).toMatchObject({ user: { id: expect.any(String) } });
  });

  it('denies the login after a wrong number was typed', async () => {
    const { world, verified, url } = await start({ numberMatching: 'type' });
    const app = browser(url);
    const { info } = await app.json({ username: 'alice' });
    const [request] = await world.engine.requests('alice');
    const number = (info.number ?? 0) === 999_999 ? 100_000 : (info.number ?? 0) + 1;
    await world.engine.answer(request?.authRequest ?? '', true, { number });
    expect(await app.json()).toMatchObject({ user: null, info: { code: 'denied' } });
    expect(verified).toEqual([]);
  });

  it('ends in an error and sends no push if the engine cannot have a number typed', async () => {
    const world = await startWorld();
    const proxy = await new EngineProxy(world.engine.url).start();
    proxy.hidesFeatures = true;
    const { strategy } = recordingStrategy(world, {
      apiBaseUrl: `${proxy.url}/v1`,
      pending: 'redirect',
      waitUrl: '/login/wait',
      numberMatching: undefined,
    });
    const app = browser(await serveSessions(strategy));
    expect(await app.json({ username: 'alice' })).toEqual({
      error: {
        name: 'InvalidRequestError',
        message: expect.stringContaining("numberMatching: 'pick'"),
      },
    });
    expect(await world.engine.requests('alice')).toEqual([]);
  });

  it('shows a number that must be picked on the device', async () => {
    const { world, url } = await start({ numberMatching: 'pick' });
    const app = browser(url);
    const { info } = await app.json({ username: 'alice' });
    expect(info.number).toBeGreaterThanOrEqual(10);
    expect(info.number).toBeLessThanOrEqual(99);
    const [request] = await world.engine.requests('alice');
    expect(request?.numbers).toContain(String(info.number));
    await world.engine.answer(request?.authRequest ?? '', true, { number: info.number });
    expect(await app.json()).toMatchObject({ user: { id: expect.any(String) } });
  });

  it('denies the login after one wrong pick', async () => {
    const { world, verified, url } = await start({ numberMatching: 'pick' });
    const app = browser(url);
    const { info } = await app.json({ username: 'alice' });
    const [request] = await world.engine.requests('alice');
    const wrong = request?.numbers?.find((number) => number !== String(info.number));
    await world.engine.answer(request?.authRequest ?? '', true, { number: wrong });
    expect(await app.json()).toMatchObject({ user: null, info: { code: 'denied' } });
    expect(verified).toEqual([]);
  });

  it('fails without sessions, and sends no push', async () => {
    const world = await startWorld();
    const { strategy } = recordingStrategy(world, { pending: 'accept' });
    const auth = new passport.Passport();
    const app = express();
    app.use(express.urlencoded({ extended: false }));
    app.post('/login', (req, res, next) => {
      const answered: passport.AuthenticateCallback = (error) =>
        res.json({ error: error?.message });
      auth.authenticate(strategy, answered)(req, res, next);
    });
    const url = await serve(app);
    expect(await browser(url).json({ username: 'alice' })).toEqual({
      error: expect.stringContaining('needs sessions'),
    });
    expect(await world.engine.requests('alice')).toEqual([]);
  });
});

describe("pending: 'hold'", () => {
  it('cannot show a number to match', async () => {
    const world = await startWorld();
    expect(() => recordingStrategy(world, { numberMatching: true })).toThrow('numberMatching');
  });
});
