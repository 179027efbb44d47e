import { inspect } from 'node:util';
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import LaunchKeyDefault, {
  ConfigurationError,
  LaunchKeyStrategy,
  MemoryStore,
  Strategy,
} from 'passport-launchkey';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { logIn, loginApp, type Seen, serve } from './support/app.js';
import { cookiesOf } from './support/cookies.js';
import { makePair } from './support/keys.js';
import { type Call, EngineProxy } from './support/proxy.js';
import { nextRequest, recordingStrategy, startWorld } from './support/world.js';

const KEY = makePair();

const OPTIONS = {
  apiBaseUrl: 'https://engine.example.com/v1',
  appKey: 1234567890,
  secretKey: 'the secret key',
  privateKey: KEY.privatePem,
};

const admitNoOne = async () => false as const;

const DENIED = { user: false, status: 401, info: { code: 'denied' } };

describe('new LaunchKeyStrategy', () => {
  it('is exported by name, as Strategy and as default', () => {
    expect(Strategy).toBe(LaunchKeyStrategy);
    expect(LaunchKeyDefault).toBe(LaunchKeyStrategy);
  });

  it('is called launchkey by default, and has the name of the option', () => {
    expect(new LaunchKeyStrategy(OPTIONS, admitNoOne).name).toBe('launchkey');
    expect(new LaunchKeyStrategy({ ...OPTIONS, name: 'staff' }, admitNoOne).name).toBe('staff');
  });

  it.each<[string, object]>([
    ['apiBaseUrl', { apiBaseUrl: undefined }],
    ['apiBaseUrl', { apiBaseUrl: 'http://engine.example.com/v1' }],
    ['apiBaseUrl', { apiBaseUrl: 'engine' }],
    ['appKey', { appKey: undefined }],
    ['appKey', { appKey: 12345 }],
    ['secretKey', { secretKey: undefined }],
    ['privateKey', { privateKey: undefined }],
    ['privateKey', { privateKey: KEY.publicPem }],
    ['name', { name: '' }],
    ['usernameField', { usernameField: '' }],
    ['passReqToCallback', { passReqToCallback: 'yes' }],
    ['pending', { pending: 'maybe' }],
    ['answers', { answers: 'push' }],
    ['pollInterval', { pollInterval: 1 }],
    ['pollInterval', { pollInterval: '1000' }],
    ['longPoll', { longPoll: -1 }],
    ['longPoll', { longPoll: 25_000 }],
    ['loginTimeout', { loginTimeout: Number.NaN }],
    ['confirmCallback', { confirmCallback: 0 }],
    ['authType', { authType: 'orbit' }],
    ['userPushId', { userPushId: 'yes' }],
    ['context', { context: 42 }],
    ['context', { context: 'x'.repeat(401) }],
    ['policy', { policy: 'strict' }],
    ['store', { store: {} }],
    ['store', { store: null }],
  ])('refuses an unusable %s: %o', (option, wrong) => {
    expect(() => new LaunchKeyStrategy({ ...OPTIONS, ...wrong } as never, admitNoOne)).toThrow(
      ConfigurationError,
    );
    expect(() => new LaunchKeyStrategy({ ...OPTIONS, ...wrong } as never, admitNoOne)).toThrow(
      option,
    );
  });

  it('refuses missing options and a missing verify', () => {
    expect(() => new LaunchKeyStrategy(undefined as never, admitNoOne)).toThrow(ConfigurationError);
    expect(() => new LaunchKeyStrategy(admitNoOne as never, admitNoOne)).toThrow(
      ConfigurationError,
    );
    expect(() => new LaunchKeyStrategy(OPTIONS, undefined as never)).toThrow(/verify/);
  });

  it('shows no secrets when it is printed', () => {
    const strategy = new LaunchKeyStrategy(OPTIONS, admitNoOne);
    const copy = Object.create(strategy) as object;
    const printed = [strategy, copy].flatMap((value) => [
      inspect(value, { depth: 9, showHidden: true }),
      JSON.stringify(value),
      String(value),
    ]);
    for (const text of printed) {
      expect(text).not.toContain(OPTIONS.secretKey);
      expect(text).not.toContain('PRIVATE KEY');
    }
  });
});

describe('a login', () => {
  it('succeeds with the user that verify returns after an approval', async () => {
    const world = await startWorld();
    const { strategy, verified } = recordingStrategy(world);
    const url = await serve(loginApp(strategy));
    const seen = logIn(url);
    await world.engine.answer(await nextRequest(world.engine), true);
    expect(await seen).toEqual({ user: { id: verified[0] } });
    expect(verified).toHaveLength(1);
  });

  it('opens a LaunchKey session, and none with session: false', async () => {
    const world = await startWorld();
    const { strategy } = recordingStrategy(world);
    const withSession = await serve(loginApp(strategy));
    const without = await serve(loginApp(strategy, { session: false }));
    for (const [url, sessions] of [
      [without, 0],
      [withSession, 1],
    ] as const) {
      const seen = logIn(url);
      await world.engine.answer(await nextRequest(world.engine), true);
      await seen;
      expect(await world.engine.sessions('alice')).toHaveLength(sessions);
    }
  });

  it('passes the user, the device and the typed name to verify', async () => {
    const world = await startWorld();
    let received: unknown;
    const strategy = new LaunchKeyStrategy(
      { ...world.options, userPushId: true, passReqToCallback: true },
      async (req, userHash, response) => {
        received = { path: req.path, userHash, response };
        return { id: userHash };
      },
    );
    const url = await serve(loginApp(strategy));
    const seen = logIn(url);
    const authRequest = await nextRequest(world.engine);
    await world.engine.answer(authRequest, true);
    const { user } = await seen;
    expect(received).toEqual({
      path: '/login',
      userHash: user && user.id,
      response: {
        authRequest,
        authorized: true,
        username: 'alice',
        userHash: user && user.id,
        userPushId: expect.stringMatching(/./),
        deviceId: expect.stringMatching(/./),
      },
    });
  });

  it('fails after a denial', async () => {
    const world = await startWorld();
    const { strategy, verified } = recordingStrategy(world);
    const seen = logIn(await serve(loginApp(strategy)));
    await world.engine.answer(await nextRequest(world.engine), false);
    expect(await seen).toMatchObject({
      user: false,
      status: 401,
      info: { code: 'denied', status: 401 },
    });
    expect(verified).toEqual([]);
  });

  it('fails when it expires at the engine', async () => {
    let offset = 0;
    const world = await startWorld({ clock: () => Date.now() + offset });
    const { strategy, verified } = recordingStrategy(world);
    const seen = logIn(await serve(loginApp(strategy)));
    await nextRequest(world.engine);
    offset = 6 * 60_000;
    expect(await seen).toMatchObject({ user: false, status: 401, info: { code: 'expired' } });
    expect(verified).toEqual([]);
  });

  it('fails without an answer within loginTimeout', async () => {
    const world = await startWorld();
    const { strategy, verified } = recordingStrategy(world, { loginTimeout: 50 });
    const seen = await logIn(await serve(loginApp(strategy)));
    expect(seen).toMatchObject({ user: false, status: 401, info: { code: 'expired' } });
    expect(verified).toEqual([]);
  });

  it('looks like a denied one for a user who does not exist', async () => {
    const world = await startWorld();
    const { strategy } = recordingStrategy(world);
    const url = await serve(loginApp(strategy));
    const denied = logIn(url);
    await world.engine.answer(await nextRequest(world.engine), false);
    const seen = await denied;
    expect(seen.info).toMatchObject({ code: 'denied' });
    expect(await logIn(url, { username: 'stranger' })).toEqual(seen);
    expect(await logIn(url, { username: 'not<a>name' })).toEqual(seen);
  });

  it.each<[string, Record<string, string>]>([
    ['a missing user name', {}],
    ['an empty user name', { username: '' }],
    ['a blank user name', { username: '  ' }],
    ['an object as user name', { 'username[a]': 'alice' }],
    ['a list as user name', { 'username[]': 'alice' }],
  ])('fails with 400 for %s', async (_what, form) => {
    const strategy = new LaunchKeyStrategy(OPTIONS, admitNoOne);
    const seen = await logIn(await serve(loginApp(strategy)), form);
    expect(seen).toMatchObject({ user: false, status: 400, info: { code: 'missing_username' } });
  });

  it('fails with 429 and a time to wait beyond the rate limit', async () => {
    // A start waits for the engine's window of five seconds, and for no longer one.
    const world = await startWorld({ rateLimit: { windows: [{ requests: 1, seconds: 60 }] } });
    const { strategy } = recordingStrategy(world);
    const url = await serve(loginApp(strategy));
    const first = logIn(url);
    const authRequest = await nextRequest(world.engine);
    expect(await logIn(url)).toMatchObject({
      user: false,
      status: 429,
      info: { code: 'rate_limited', retryAfter: expect.any(Number) },
    });
    await world.engine.answer(authRequest, true);
    await first;
  });

  it('fails with the reason of verify, and ends the LaunchKey session, if verify returns no user', async () => {
    const world = await startWorld();
    const strategy = new LaunchKeyStrategy(world.options, async () => [
      false,
      { message: 'Your account is locked.', until: 'tomorrow' },
    ]);
    const seen = logIn(await serve(loginApp(strategy)));
    await world.engine.answer(await nextRequest(world.engine), true);
    expect(await seen).toMatchObject({
      user: false,
      status: 401,
      info: { code: 'unverified', message: 'Your account is locked.', until: 'tomorrow' },
    });
    expect(await world.engine.sessions('alice')).toEqual([]);
  });

  it('keeps its code and status if the reason of verify contains others', async () => {
    const world = await startWorld();
    const reason = { code: 'mine', status: 200, message: 'No.' };
    const strategy = new LaunchKeyStrategy(world.options, async () => [false, reason]);
    const seen = logIn(await serve(loginApp(strategy)));
    await world.engine.answer(await nextRequest(world.engine), true);
    expect(await seen).toMatchObject({
      status: 401,
      info: { code: 'unverified', status: 401, message: 'No.' },
    });
  });

  it.each<[string, number, unknown, object]>([
    ['looks like a denied one for a user without a device', 40424, 'No devices', DENIED],
    [
      'looks like a denied one for a name that the engine does not accept',
      40421,
      { username: 'Is odd.' },
      DENIED,
    ],
    [
      'ends in an error for other values that the engine does not accept',
      40421,
      { context: 'Is odd.' },
      { error: { name: 'InvalidRequestError' } },
    ],
  ])('%s', async (_what, code, message, expected) => {
    const world = await startWorld();
    const proxy = await new EngineProxy(world.engine.url).start();
    const body = JSON.stringify({ message, message_code: code });
    proxy.intercept = ({ path }) => (path === '/v1/auths' ? { status: 400, body } : undefined);
    const { strategy } = recordingStrategy(world, { apiBaseUrl: `${proxy.url}/v1` });
    expect(await logIn(await serve(loginApp(strategy)))).toMatchObject(expected);
  });

  it('fails with 429 if the store is full', async () => {
    const world = await startWorld({ users: ['alice', 'bob'] });
    const store = new MemoryStore({ maxLogins: 1 });
    const { strategy } = recordingStrategy(world, { store });
    const url = await serve(loginApp(strategy));
    const first = logIn(url);
    const authRequest = await nextRequest(world.engine);
    expect(await logIn(url, { username: 'bob' })).toMatchObject({
      user: false,
      status: 429,
      info: { code: 'rate_limited' },
    });
    await world.engine.answer(authRequest, false);
    await first;
  });

  it.each<[string, object]>([
    ['authType', { authType: 'orbit' }],
    ['userPushId', { userPushId: 'yes' }],
    ['context', { context: 42 }],
    ['policy', { policy: 'strict' }],
    ['numberMatching', { numberMatching: true }],
  ])(
    'ends in an error and sends no push for an unusable %s of one call',
    async (option, options) => {
      const world = await startWorld();
      const { strategy } = recordingStrategy(world);
      const seen = await logIn(await serve(loginApp(strategy, options)));
      expect(seen.error).toMatchObject({
        name: 'ConfigurationError',
        message: expect.stringContaining(option),
      });
      expect(await world.engine.requests('alice')).toEqual([]);
    },
  );

  it('ends in an error, and ends its LaunchKey session, if verify throws', async () => {
    const world = await startWorld();
    const strategy = new LaunchKeyStrategy(world.options, () => {
      throw new TypeError('the database is away');
    });
    const seen = logIn(await serve(loginApp(strategy)));
    await world.engine.answer(await nextRequest(world.engine), true);
    expect(await seen).toMatchObject({ error: { message: 'the database is away' } });
    expect(await world.engine.sessions('alice')).toEqual([]);
  });

  it('ends in an error, and ends its LaunchKey session, if verify never answers', async () => {
    const world = await startWorld();
    const strategy = new LaunchKeyStrategy(world.options, () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      setImmediate(() => {
        vi.advanceTimersByTime(60_000);
        vi.useRealTimers();
      });
    });
    onTestFinished(() => void vi.useRealTimers());
    const seen = logIn(await serve(loginApp(strategy)));
    await world.engine.answer(await nextRequest(world.engine), true);
    expect(await seen).toMatchObject({
      error: { message: expect.stringMatching(/^verify did not answer/) },
    });
    expect(await world.engine.sessions('alice')).toEqual([]);
  });

  it.each([undefined, 'route', 'router'])(
    'does not let the request through if verify throws %s',
    async (thrown) => {
      const world = await startWorld();
      const strategy = new LaunchKeyStrategy(world.options, () => Promise.reject(thrown));
      const auth = new passport.Passport();
      const app = express();
      app.use(express.urlencoded({ extended: false }));
      app.post('/login', auth.authenticate(strategy, { session: false }), (_req, res) => {
        res.send('let in');
      });
      app.post('/login', (_req, res) => {
        res.send('let in');
      });
      const url = await serve(app);
      const response = fetch(`${url}/login`, {
        method: 'POST',
        body: new URLSearchParams({ username: 'alice' }),
      });
      await world.engine.answer(await nextRequest(world.engine), true);
      expect((await response).status).toBe(500);
      expect(await (await response).text()).not.toContain('let in');
    },
  );

  it('ends in an error with wrong credentials', async () => {
    const world = await startWorld();
    const { strategy } = recordingStrategy(world, { secretKey: 'another secret key' });
    const seen = await logIn(await serve(loginApp(strategy)));
    expect(seen.error).toMatchObject({ name: 'InvalidCredentialsError' });
  });

  it('ends in an error without an engine', async () => {
    const strategy = new LaunchKeyStrategy(
      { ...OPTIONS, apiBaseUrl: 'http://127.0.0.1:9/v1' },
      admitNoOne,
    );
    const seen = await logIn(await serve(loginApp(strategy)));
    expect(seen.error).toMatchObject({ name: 'CommunicationError' });
  });

  it('prefers context, policy, auth type and user name of the call to those of the strategy', async () => {
    const world = await startWorld({ users: ['alice', 'bob'] });
    const { strategy } = recordingStrategy(world, { context: 'of the strategy' });
    const own = await serve(
      loginApp(strategy, {
        username: 'bob',
        authType: 'transaction',
        context: (req: express.Request) => `of ${req.path}`,
      }),
    );
    const seen = [logIn(own), logIn(await serve(loginApp(strategy)))];
    const bobs = await nextRequest(world.engine, 'bob');
    const alices = await nextRequest(world.engine, 'alice');
    expect(await world.engine.requests('bob')).toMatchObject([
      { context: 'of /login', session: false },
    ]);
    expect(await world.engine.requests('alice')).toMatchObject([
      { context: 'of the strategy', session: true },
    ]);
    await world.engine.answer(bobs, false);
    await world.engine.answer(alices, false);
    await Promise.all(seen);
  });

  it('ends in an error that explains a context that is too long', async () => {
    const world = await startWorld();
    const { strategy } = recordingStrategy(world);
    const seen = await logIn(await serve(loginApp(strategy, { context: () => 'x'.repeat(401) })));
    expect(seen.error).toMatchObject({
      name: 'InvalidRequestError',
      message: expect.stringContaining('400'),
    });
  });

  it('reads the user name from the query and from nested fields', async () => {
    const world = await startWorld();
    const { strategy } = recordingStrategy(world, { usernameField: 'user[name]' });
    const seen = logIn(await serve(loginApp(strategy)), { 'user[name]': 'alice' });
    await world.engine.answer(await nextRequest(world.engine), true);
    expect(await seen).toMatchObject({ user: { id: expect.any(String) } });
  });
});

describe('a strategy that is passed to Passport as an instance', () => {
  it('never mixes up the requests of many users', async () => {
    const users = Array.from({ length: 30 }, (_, n) => `user${n}`);
    const world = await startWorld({ users });
    const strategy = new LaunchKeyStrategy(world.options, async (_hash, { username }) => ({
      id: username,
    }));
    const url = await serve(loginApp(strategy));
    const seen = users.map((username) => logIn(url, { username }));
    // The answers come in another order than the requests, and every third one is a denial.
    for (const user of users.toReversed()) {
      const denied = users.indexOf(user) % 3 === 0;
      await world.engine.answer(await nextRequest(world.engine, user), !denied);
    }
    const expected = users.map(
      (id, n): Seen => (n % 3 === 0 ? expect.objectContaining({ user: false }) : { user: { id } }),
    );
    expect(await Promise.all(seen)).toEqual(expected);
  });
});

describe('a browser that disconnects', () => {
  it('stops the poll at once, and is no longer asked for on the phone', async () => {
    const world = await startWorld();
    const proxy = await new EngineProxy(world.engine.url).start();
    const { strategy, verified } = recordingStrategy(world, { apiBaseUrl: `${proxy.url}/v1` });
    const url = await serve(loginApp(strategy));
    const page = new AbortController();
    const polled = proxy.next('/poll');
    const seen = logIn(url, { username: 'alice' }, page.signal);
    await polled;
    const withdrawn = new Promise<void>((resolve) => {
      proxy.on('answered', ({ path }: Call) => {
        if (path === '/v1/logs') resolve();
      });
    });
    page.abort();
    await expect(seen).rejects.toThrow();
    await withdrawn;
    expect(proxy.of('/logs').map(({ form }) => form.get('action'))).toEqual(['Withdraw']);
    expect(await world.engine.requests('alice')).toEqual([]);
    expect(verified).toEqual([]);
  });
});

describe('an application with sessions', () => {
  async function start(
    world: Awaited<ReturnType<typeof startWorld>>,
    overrides: Parameters<typeof recordingStrategy>[1] = {},
  ) {
    const { strategy } = recordingStrategy(world, { answers: 'both', ...overrides });
    const auth = new passport.Passport();
    auth.use(strategy);
    auth.serializeUser((user, done) => done(null, user));
    auth.deserializeUser((user, done) => done(null, user as Express.User));
    const app = express();
    app.all('/callback', strategy.callback());
    app.use(session({ secret: 'test', resave: false, saveUninitialized: false }));
    app.use(auth.session(), express.urlencoded({ extended: false }));
    app.post(
      '/login',
      auth.authenticate('launchkey', { successRedirect: '/', failureRedirect: '/no' }),
    );
    app.get('/', strategy.session(), (req, res) => {
      res.json({ in: Boolean(req.user) });
    });
    app.post('/logout', async (req, res, next) => {
      const confirmed = await strategy.logout(req);
      req.logout((error) => (error ? next(error) : res.json({ confirmed })));
    });
    return serve(app);
  }

  async function logInAs(world: Awaited<ReturnType<typeof startWorld>>, url: string) {
    const response = fetch(`${url}/login`, {
      method: 'POST',
      body: new URLSearchParams({ username: 'alice' }),
      redirect: 'manual',
    });
    await world.engine.answer(await nextRequest(world.engine), true);
    const { headers } = await response;
    expect(headers.get('location')).toBe('/');
    return { cookie: cookiesOf(headers) };
  }

  const isIn = async (url: string, headers: { cookie: string }) =>
    ((await (await fetch(url, { headers })).json()) as { in: boolean }).in;

  it('logs in, and its logout ends the LaunchKey session', async () => {
    const world = await startWorld();
    const url = await start(world);
    const headers = await logInAs(world, url);
    expect(await isIn(url, headers)).toBe(true);
    expect(await world.engine.sessions('alice')).toHaveLength(1);
    const response = await fetch(`${url}/logout`, { method: 'POST', headers });
    expect(await response.json()).toEqual({ confirmed: true });
    expect(await isIn(url, headers)).toBe(false);
    expect(await world.engine.sessions('alice')).toEqual([]);
  });

  it.each(['getSession', 'removeSession'] as const)(
    'loses nothing when the store fails during logout: %s',
    async (method) => {
      const world = await startWorld();
      const store = new MemoryStore();
      const url = await start(world, { store });
      const headers = await logInAs(world, url);
      vi.spyOn(store, method).mockRejectedValueOnce(new Error('the store is away'));
      const failed = await fetch(`${url}/logout`, { method: 'POST', headers });
      expect(failed.status).toBe(500);
      const again = await fetch(`${url}/logout`, { method: 'POST', headers });
      expect(await again.json()).toEqual({ confirmed: true });
      expect(await world.engine.sessions('alice')).toEqual([]);
    },
  );

  it('logs out while the engine does not answer, and tells it later', async () => {
    const world = await startWorld();
    const proxy = await new EngineProxy(world.engine.url).start();
    const url = await start(world, { apiBaseUrl: `${proxy.url}/v1`, requestTimeout: 60_000 });
    const headers = await logInAs(world, url);
    let silent = true;
    const isRevoke = ({ form }: { form: URLSearchParams }) => form.get('action') === 'Revoke';
    proxy.swallow = (call) => silent && isRevoke(call);
    const response = await fetch(`${url}/logout`, { method: 'POST', headers });
    expect(await response.json()).toEqual({ confirmed: false });
    expect(await isIn(url, headers)).toBe(false);
    expect(await world.engine.sessions('alice')).toHaveLength(1);
    silent = false;
    await new Promise<void>((resolve) => {
      proxy.on('answered', (call) => isRevoke(call) && resolve());
    });
    expect(await world.engine.sessions('alice')).toEqual([]);
  });

  it('resolves logout() to false without a LaunchKey session', async () => {
    const world = await startWorld();
    const url = await start(world);
    const response = await fetch(`${url}/logout`, { method: 'POST' });
    expect(await response.json()).toEqual({ confirmed: false });
  });
});
