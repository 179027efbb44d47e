import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { type LaunchKeyStrategy, MemoryStore } from 'passport-launchkey';
import { describe, expect, it, vi } from 'vitest';
import { logIn, loginApp, serve } from './support/app.js';
import { CloseBrowser, header, shapeOf } from './support/outside.js';
import { EngineProxy } from './support/proxy.js';
import { nextRequest, recordingStrategy, startWorld } from './support/world.js';

type Overrides = Parameters<typeof recordingStrategy>[1];

const ACCEPT = { pending: 'accept', longPoll: 0 } as const;
const USERS = ['alice', 'bobby', 'carol', 'david'];

async function start(overrides: Overrides, worldOptions: Parameters<typeof startWorld>[0] = {}) {
  const world = await startWorld({ users: USERS, ...worldOptions });
  const proxy = await new EngineProxy(world.engine.url).start();
  const { strategy, verified } = recordingStrategy(world, {
    apiBaseUrl: `${proxy.url}/v1`,
    ...overrides,
  });
  return { world, proxy, strategy, verified };
}

/** An application whose login route leaves every response to Passport. */
async function servePlainly(strategy: LaunchKeyStrategy, options: object = {}): Promise<string> {
  const auth = new passport.Passport();
  auth.serializeUser((user, done) => done(null, user));
  auth.deserializeUser((user, done) => done(null, user as Express.User));
  const app = express();
  app.use(session({ secret: 'test', resave: false, saveUninitialized: false }));
  app.use('/login/wait', strategy.waiting());
  app.use(express.urlencoded({ extended: false }));
  app.post('/login', auth.authenticate(strategy, options), (_req, res) => {
    res.send('in');
  });
  return serve(app);
}

const begin = (url: string, username: string, browser = new CloseBrowser(url)) =>
  browser.post('/login', { username });

async function statuses(url: string, usernames: string[], browser?: CloseBrowser) {
  const seen: number[] = [];
  for (const username of usernames) seen.push((await begin(url, username, browser)).status);
  return seen;
}

describe('the pending logins of one user', () => {
  it('are limited, and no push is sent beyond the limit', async () => {
    const { strategy, proxy } = await start({ ...ACCEPT, maxPendingPerUser: 2 });
    const url = await servePlainly(strategy);
    expect(await statuses(url, ['alice', 'alice', 'bobby'])).toEqual([202, 202, 202]);
    const refused = await begin(url, 'alice');
    expect(refused).toMatchObject({ status: 429, body: 'Too Many Requests' });
    const retryAfter = Number(header(refused, 'retry-after'));
    expect(retryAfter).toBeGreaterThan(0);
    expect(retryAfter).toBeLessThanOrEqual(300);
    expect(proxy.of('/auths')).toHaveLength(3);
  });

  it('are limited to five by default', async () => {
    const { strategy, proxy } = await start(ACCEPT);
    const url = await servePlainly(strategy);
    const tries = Array.from({ length: 7 }, () => 'alice');
    expect(await statuses(url, tries)).toEqual([202, 202, 202, 202, 202, 429, 429]);
    expect(proxy.of('/auths')).toHaveLength(5);
  });

  it('tell the application the reason and the time until the next attempt', async () => {
    const { strategy } = await start({ ...ACCEPT, maxPendingPerUser: 1 });
    const auth = new passport.Passport();
    const app = express();
    app.use(session({ secret: 'test', resave: false, saveUninitialized: false }));
    app.use(express.urlencoded({ extended: false }));
    app.post('/login', (req, res, next) => {
      const answer: passport.AuthenticateCallback = (error, _user, info, status) =>
        error ? next(error) : res.status(Number(status)).json(info);
      auth.authenticate(strategy, answer)(req, res, next);
    });
    const url = await serve(app);
    await begin(url, 'alice');
    const { body, ...refused } = await begin(url, 'alice');
    const info = JSON.parse(body);
    expect(info).toEqual({
      code: 'rate_limited',
      status: 429,
      message: expect.any(String),
      retryAfter: expect.any(Number),
    });
    expect(header({ body, ...refused }, 'retry-after')).toBe(String(info.retryAfter));
  });

  it('set no Retry-After on a redirect, where it has another meaning', async () => {
    const { strategy } = await start({ ...ACCEPT, maxPendingPerUser: 1 });
    const url = await servePlainly(strategy, { failureRedirect: '/login' });
    await begin(url, 'alice');
    const refused = await begin(url, 'alice');
    expect(refused.status).toBe(302);
    expect(header(refused, 'retry-after')).toBeUndefined();
  });

  it('are counted for all spellings of the name', async () => {
    const { strategy, proxy } = await start({ ...ACCEPT, maxPendingPerUser: 1 });
    const url = await servePlainly(strategy);
    const spellings = ['alice', 'Alice', ' alice ', 'ALICE', 'ａｌｉｃｅ'];
    expect(await statuses(url, spellings)).toEqual([202, 429, 429, 429, 429]);
    expect(proxy.of('/auths')).toHaveLength(1);
  });

  it('are counted in the store by a hash of the name', async () => {
    const store = new MemoryStore();
    const takePlace = vi.spyOn(store, 'takePlace');
    const { strategy } = await start({ ...ACCEPT, store });
    await begin(await servePlainly(strategy), 'a'.repeat(256));
    const names = takePlace.mock.calls.map(([{ of }]) => of);
    expect(names).toEqual([
      expect.stringMatching(/^[\w-]{43}$/),
      expect.stringMatching(/^[\w-]{43}$/),
    ]);
  });

  it('are counted before the push is sent, for simultaneous logins in two processes too', async () => {
    const store = new MemoryStore();
    const { world, proxy, strategy } = await start({ ...ACCEPT, maxPendingPerUser: 3, store });
    const other = recordingStrategy(world, {
      apiBaseUrl: `${proxy.url}/v1`,
      ...ACCEPT,
      maxPendingPerUser: 3,
      store,
    }).strategy;
    const urls = [await servePlainly(strategy), await servePlainly(other)];
    const seen = await Promise.all(
      Array.from({ length: 20 }, (_, n) => begin(urls[n % 2] ?? '', 'alice')),
    );
    expect(seen.filter(({ status }) => status === 202)).toHaveLength(3);
    expect(seen.filter(({ status }) => status === 429)).toHaveLength(17);
    expect(proxy.of('/auths')).toHaveLength(3);
  });

  it('are counted with hold, too', async () => {
    const { strategy, world, verified } = await start({ maxPendingPerUser: 1 });
    const url = await serve(loginApp(strategy));
    const first = logIn(url);
    const request = await nextRequest(world.engine);
    expect(await logIn(url)).toMatchObject({ status: 429, info: { code: 'rate_limited' } });
    await world.engine.answer(request, true);
    expect(await first).toMatchObject({ user: { id: verified[0] } });
  });

  it('leave room for a browser that has used the name before', async () => {
    const { strategy, world, proxy } = await start({ ...ACCEPT, maxPendingPerUser: 2 });
    const url = await servePlainly(strategy);
    const alice = new CloseBrowser(url);
    expect((await begin(url, 'alice', alice)).status).toBe(202);
    await world.engine.answer(await nextRequest(world.engine), false);
    expect((await alice.post('/login', {})).status).toBe(401);
    expect(await statuses(url, ['alice', 'alice', 'alice'])).toEqual([202, 202, 429]);
    expect(await statuses(url, ['alice', 'alice'], alice)).toEqual([202, 202]);
    // Her second start took back the first one, so the phone shows one request of hers.
    expect(await world.engine.requests('alice')).toHaveLength(3);
    expect(proxy.of('/auths')).toHaveLength(5);
  });

  describe('a slot of a pending login', () => {
    const once = { ...ACCEPT, maxPendingPerUser: 1, maxPendingPerBrowser: 1 };

    it.each([true, false])(
      'becomes free when the login is answered (approved: %s)',
      async (approve) => {
        const { strategy, world } = await start(once);
        const url = await servePlainly(strategy);
        const alice = new CloseBrowser(url);
        for (let round = 0; round < 3; round++) {
          expect((await begin(url, 'alice', alice)).status).toBe(202);
          expect((await begin(url, 'alice')).status).toBe(429);
          await world.engine.answer(await nextRequest(world.engine), approve);
          expect((await alice.post('/login', {})).status).toBe(approve ? 200 : 401);
        }
      },
    );

    it('becomes free when the login is cancelled', async () => {
      const { strategy } = await start({ ...once, pending: 'redirect', waitUrl: '/login/wait' });
      const url = await servePlainly(strategy);
      const alice = new CloseBrowser(url);
      for (let round = 0; round < 3; round++) {
        const begun = await begin(url, 'alice', alice);
        expect(begun.status).toBe(303);
        await alice.post(header(begun, 'location') ?? '', { action: 'cancel' });
      }
    });

    it('becomes free when the login expires', async () => {
      const { strategy } = await start({ ...once, loginTimeout: 400 });
      const url = await servePlainly(strategy);
      const alice = new CloseBrowser(url);
      expect((await begin(url, 'alice', alice)).status).toBe(202);
      let status: number;
      do status = (await begin(url, 'alice', alice)).status;
      while (status === 429);
      expect(status).toBe(202);
    });

    it('becomes free when the login cannot be started', async () => {
      const { strategy, proxy } = await start(once);
      const url = await servePlainly(strategy);
      const alice = new CloseBrowser(url);
      proxy.intercept = ({ path }) =>
        path === '/v1/auths' ? { status: 502, body: '' } : undefined;
      expect(await statuses(url, ['alice', 'alice', 'alice'], alice)).toEqual([503, 503, 503]);
      proxy.intercept = undefined;
      expect(await statuses(url, ['stranger', 'stranger', 'alice'], alice)).toEqual([
        401, 401, 202,
      ]);
    });
  });
});

describe('the pending logins of one browser', () => {
  it('are limited for all users together, and no push is sent beyond the limit', async () => {
    const { strategy, proxy } = await start({ ...ACCEPT, maxPendingPerBrowser: 2 });
    const url = await servePlainly(strategy);
    const mallory = new CloseBrowser(url);
    expect(await statuses(url, ['alice', 'bobby', 'carol'], mallory)).toEqual([202, 202, 429]);
    expect(proxy.of('/auths')).toHaveLength(2);
    expect((await begin(url, 'carol')).status).toBe(202);
  });

  it('take a slot of the user and one of the browser, or none', async () => {
    const { strategy } = await start({
      ...ACCEPT,
      maxPendingPerBrowser: 2,
      maxPendingPerUser: 1,
    });
    const url = await servePlainly(strategy);
    // The user has no free slot, so the browser keeps its own.
    const mallory = new CloseBrowser(url);
    await begin(url, 'alice');
    expect(await statuses(url, ['bobby', 'alice', 'carol'], mallory)).toEqual([202, 429, 202]);
    // The browser has no free slot, so the user keeps theirs.
    expect(await statuses(url, ['david'], mallory)).toEqual([429]);
    expect(await statuses(url, ['david'])).toEqual([202]);
  });

  it('are still counted after one of them was finished', async () => {
    const { strategy, world } = await start({ ...ACCEPT, maxPendingPerBrowser: 2 });
    const url = await servePlainly(strategy);
    const browser = new CloseBrowser(url);
    expect(await statuses(url, ['alice', 'bobby'], browser)).toEqual([202, 202]);
    await world.engine.answer(await nextRequest(world.engine, 'bobby'), true);
    expect((await browser.post('/login', {})).status).toBe(200);
    expect(await statuses(url, ['bobby', 'carol'], browser)).toEqual([202, 429]);
  });
});

describe('the limits with concealUsers', () => {
  it('are hidden, for known and unknown users, and no push is sent beyond them', async () => {
    const { strategy, proxy } = await start({
      ...ACCEPT,
      concealUsers: true,
      maxPendingPerUser: 2,
    });
    const url = await servePlainly(strategy);
    const [alice, stranger] = await Promise.all(
      ['alice', 'other'].map(async (username) => {
        const seen = [];
        for (let n = 0; n < 4; n++) seen.push(shapeOf(await begin(url, username), username));
        return seen;
      }),
    );
    expect(alice?.map(({ status }) => status)).toEqual([202, 202, 202, 202]);
    expect(stranger).toEqual(alice);
    expect(proxy.of('/auths').filter(({ form }) => form.get('username') === 'alice')).toHaveLength(
      2,
    );
  });
});

describe('a push', () => {
  it('is not sent if the store is full', async () => {
    const store = new MemoryStore({ maxLogins: 1 });
    const { strategy, proxy } = await start({ ...ACCEPT, store });
    const url = await servePlainly(strategy);
    expect(await statuses(url, ['alice', 'bobby'])).toEqual([202, 429]);
    expect(proxy.of('/auths')).toHaveLength(1);
  });

  it('is not sent if the store is full, with hold', async () => {
    const store = new MemoryStore({ maxLogins: 1 });
    const { strategy, proxy, world } = await start({ store, maxPendingPerUser: 1 });
    const url = await serve(loginApp(strategy));
    const alice = logIn(url);
    const request = await nextRequest(world.engine);
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(await logIn(url, { username: 'bobby' })).toMatchObject({ status: 429 });
    }
    expect(proxy.of('/auths')).toHaveLength(1);
    await world.engine.answer(request, true);
    await alice;
    // The refused attempts gave their slots back.
    const bobby = logIn(url, { username: 'bobby' });
    await world.engine.answer(await nextRequest(world.engine, 'bobby'), true);
    expect(await bobby).toMatchObject({ user: { id: expect.any(String) } });
  });

  it('is not sent to a user name of more than 256 characters', async () => {
    const { strategy, proxy } = await start(ACCEPT);
    const url = await servePlainly(strategy);
    expect(await statuses(url, ['a'.repeat(256), 'a'.repeat(257)])).toEqual([401, 400]);
    expect(proxy.of('/auths')).toHaveLength(1);
  });

  it.each([
    ['maxPendingPerUser', 0],
    ['maxPendingPerUser', 1.5],
    ['maxPendingPerUser', '5'],
    ['maxPendingPerBrowser', 0],
    ['maxPendingPerBrowser', 11],
  ])('the limit %s must not be %j', async (option, value) => {
    const world = await startWorld();
    expect(() => recordingStrategy(world, { [option]: value })).toThrow(
      new RegExp(`^${option} must be a whole number from 1`),
    );
  });
});
