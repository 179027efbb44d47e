import fastifyCookie from '@fastify/cookie';
import fastifyFormbody from '@fastify/formbody';
import { Authenticator } from '@fastify/passport';
import fastifySession from '@fastify/session';
import express from 'express';
import session from 'express-session';
import fastify from 'fastify';
import passport from 'passport';
import type { LaunchKeyStrategy } from 'passport-launchkey';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serve } from './support/app.js';
import { TestBrowser } from './support/browser.js';
import { CookieJar } from './support/cookies.js';
import { nextRequest, recordingStrategy, startWorld } from './support/world.js';

const LOGIN_COOKIE = /^(__Host-)?launchkey-login-/;

interface Host {
  /** Sends a request, and resolves to its status and cookies. */
  send(method: 'GET' | 'POST', path: string, jar: CookieJar, form?: object): Promise<Reply>;
}

interface Reply {
  location: string | null;
  json(): Promise<{ in?: boolean; cart?: number }>;
}

async function serveExpress(strategy: LaunchKeyStrategy): Promise<Host> {
  const auth = new passport.Passport();
  auth.use(strategy);
  auth.serializeUser((user, done) => done(null, user));
  auth.deserializeUser((user, done) => done(null, user as Express.User));
  const app = express();
  app.set('trust proxy', true);
  app.use(session({ secret: 'test', resave: false, saveUninitialized: false }));
  app.use(auth.session(), express.urlencoded({ extended: false }));
  app.use('/wait', strategy.waiting());
  app.post('/login', auth.authenticate('launchkey', { successRedirect: '/' }));
  app.get('/', (req, res) => {
    const held = req.session as unknown as { cart?: number };
    held.cart = (held.cart ?? 0) + 1;
    res.json({ in: Boolean(req.user), cart: held.cart });
  });
  return overHttp(await serve(app));
}

function makeFastify(strategy: LaunchKeyStrategy) {
  const auth = new Authenticator();
  auth.use(strategy);
  auth.registerUserSerializer(async (user) => user);
  auth.registerUserDeserializer(async (user) => user);
  const app = fastify();
  app.register(fastifyFormbody);
  app.register(fastifyCookie);
  // With `rolling`, which is the default, each response sets the cookie of its session.
  app.register(fastifySession, {
    secret: 'a secret with minimum length of 32 characters',
    saveUninitialized: false,
    cookie: { secure: false },
  });
  app.register(auth.initialize());
  app.register(auth.secureSession());
  app.post(
    '/login',
    { preValidation: auth.authenticate('launchkey', { successRedirect: '/' }) },
    async (_request, reply) => reply,
  );
  app.get('/', async (request) => {
    const cart = Number(request.session.get('cart' as never) ?? 0) + 1;
    request.session.set('cart' as never, cart as never);
    return { in: Boolean(request.user), cart };
  });
  onTestFinished(() => app.close());
  return app;
}

async function serveFastify(strategy: LaunchKeyStrategy): Promise<Host> {
  return overHttp(await makeFastify(strategy).listen({ port: 0, host: '127.0.0.1' }));
}

function overHttp(url: string): Host {
  return {
    send: async (method, path, jar, form) => {
      const browser = new TestBrowser(url, jar);
      const body = form && new URLSearchParams(form as Record<string, string>);
      const response = await browser.send(path, { method, ...(body && { body }) });
      return {
        location: response.headers.get('location'),
        json: () => response.json() as Promise<object>,
      };
    },
  };
}

/** Fastify's injected requests have no connection by which the response could be found. */
async function injectFastify(strategy: LaunchKeyStrategy): Promise<Host> {
  const app = makeFastify(strategy);
  return {
    send: async (method, path, jar, form) => {
      const response = await app.inject({
        method,
        url: path,
        headers: {
          cookie: String(jar),
          ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
        },
        ...(form && { payload: new URLSearchParams(form as Record<string, string>).toString() }),
      });
      jar.keep([response.headers['set-cookie'] ?? []].flat());
      return {
        location: (response.headers.location as string | undefined) ?? null,
        json: async () => response.json(),
      };
    },
  };
}

const HOSTS: [string, (strategy: LaunchKeyStrategy) => Promise<Host>, boolean][] = [
  ['Express', serveExpress, true],
  ['Fastify', serveFastify, true],
  ['a host without access to its response', injectFastify, false],
];

describe.each(HOSTS)('a planted session cookie, under %s', (_name, serveHost, givesCookie) => {
  it.each(['redirect', 'accept'] as const)(
    'does not let the attacker finish the login that the victim began, in mode %s',
    async (pending) => {
      const world = await startWorld();
      const { strategy, verified } = recordingStrategy(world, { pending, waitUrl: '/wait' });
      const { send } = await serveHost(strategy);
      const attacker = new CookieJar();
      await send('GET', '/', attacker);
      const victim = attacker.copy();
      await send('POST', '/login', victim, { username: 'alice' });
      expect(victim.names.some((name) => LOGIN_COOKIE.test(name))).toBe(givesCookie);
      await world.engine.answer(await nextRequest(world.engine), true);
      const { location } = await send('POST', '/login', attacker);
      expect(location).not.toBe('/');
      expect(verified).toEqual([]);
      const finished = await send('POST', '/login', victim);
      expect(finished.location).toBe('/');
      expect(verified).toHaveLength(1);
      expect(await (await send('GET', '/', victim)).json()).toMatchObject({ in: true });
      expect(await (await send('GET', '/', attacker)).json()).toMatchObject({ in: false });
    },
  );

  it('leaves the content of the session at the start of a login', async () => {
    const { strategy } = recordingStrategy(await startWorld(), { pending: 'accept' });
    const { send } = await serveHost(strategy);
    const jar = new CookieJar();
    await send('GET', '/', jar);
    await send('GET', '/', jar);
    await send('POST', '/login', jar, { username: 'alice' });
    expect(await (await send('GET', '/', jar)).json()).toMatchObject({ cart: 3 });
  });

  it('does not let a login of the attacker take the place of the newest one', async () => {
    const world = await startWorld({ users: ['alice', 'mallory'] });
    const { strategy } = recordingStrategy(world, { pending: 'accept' });
    const { send } = await serveHost(strategy);
    const victim = new CookieJar();
    await send('GET', '/', victim);
    const attacker = victim.copy();
    await send('POST', '/login', victim, { username: 'alice' });
    await send('POST', '/login', attacker, { username: 'mallory' });
    await world.engine.answer(await nextRequest(world.engine), true);
    await send('POST', '/login', victim);
    expect(await (await send('GET', '/', victim)).json()).toMatchObject({ in: true });
  });
});

describe('the cookie of a login', () => {
  async function begin(headers: Record<string, string> = {}, count = 1) {
    const users = Array.from({ length: count }, (_, n) => `user${n}`);
    const world = await startWorld({ users });
    const { strategy } = recordingStrategy(world, {
      pending: 'accept',
      maxPendingPerBrowser: 10,
      loginTimeout: 60_000,
    });
    const app = express();
    const store = new session.MemoryStore();
    app.set('trust proxy', true);
    app.use(session({ secret: 'test', resave: false, saveUninitialized: false, store }));
    app.use(express.urlencoded({ extended: false }));
    app.post('/login', (req, res, next) => {
      const answer: passport.AuthenticateCallback = (_error, user, info) => {
        res.json({ user, info });
      };
      new passport.Passport().authenticate(strategy, answer)(req, res, next);
    });
    const browser = new TestBrowser(await serve(app));
    let lines: string[] = [];
    for (const username of users) {
      const { headers: got } = await browser.post('/login', { username }, headers);
      lines = got.getSetCookie().filter((line) => LOGIN_COOKIE.test(line));
    }
    return { world, browser, store, lines };
  }

  it('holds 128 random bits that only the server reads, for as long as the login', async () => {
    const { lines } = await begin();
    expect(lines).toEqual([
      expect.stringMatching(
        /^launchkey-login-[\w-]{16}=[\w-]{22}\.\w+; Path=\/; Max-Age=120; HttpOnly; SameSite=Lax$/,
      ),
    ]);
  });

  it('belongs to one host and is sent over TLS only, on https', async () => {
    const { lines } = await begin({ 'x-forwarded-proto': 'https' });
    expect(lines).toEqual([
      expect.stringMatching(/^__Host-launchkey-login-.*; HttpOnly; SameSite=Lax; Secure$/),
    ]);
  });

  it('is dropped when the browser has eight newer ones', async () => {
    const { browser } = await begin({}, 10);
    expect(browser.jar.names.filter((name) => LOGIN_COOKIE.test(name))).toHaveLength(8);
  });

  it('is not asked for by a login that an earlier version began', async () => {
    const { world, browser, store } = await begin();
    // The types do not name the member in which this store keeps its sessions.
    const { sessions } = store as unknown as { sessions: Record<string, string> };
    const [[id = '', text = ''] = []] = Object.entries(sessions);
    const stored = JSON.parse(text);
    delete stored['launchkey:launchkey'].proofs;
    await new Promise((resolve) => store.set(id, stored, resolve));
    const old = new TestBrowser(
      browser.url,
      browser.jar.copy((name) => !LOGIN_COOKIE.test(name)),
    );
    await world.engine.answer(await nextRequest(world.engine, 'user0'), true);
    expect(await (await old.post('/login')).json()).toMatchObject({
      user: { id: expect.any(String) },
    });
  });
});
