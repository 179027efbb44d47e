import fastifyCookie from '@fastify/cookie';
import fastifyFormbody from '@fastify/formbody';
import { Authenticator } from '@fastify/passport';
import fastifySession from '@fastify/session';
import express from 'express';
import session from 'express-session';
import fastify from 'fastify';
import passport from 'passport';
import { LaunchKeyStrategy, type LaunchKeyStrategyOptionsWithoutRequest } from 'passport-launchkey';
import { describe, expect, it, onTestFinished } from 'vitest';
import { serve, takePlace } from './support/app.js';
import { TestBrowser } from './support/browser.js';
import { nextRequest, startWorld } from './support/world.js';

/** How long the store of the sessions takes, in milliseconds. */
interface Delays {
  get: number;
  set: number;
}

type Pending = 'hold' | 'redirect' | 'accept';
type SessionStore = Record<'get' | 'set', (...args: unknown[]) => unknown>;

/** Makes the store of express-session, or that of Fastify, take its time. */
function slow<Store>(store: Store, delays: Delays): Store {
  const methods = store as unknown as SessionStore;
  for (const name of ['get', 'set'] as const) {
    const method = methods[name].bind(store);
    methods[name] = (...args) => void setTimeout(() => method(...args), delays[name]);
  }
  return store;
}

/** A strategy whose engine reports logouts to it, and `logOut()`, which logs out on the phone. */
async function start(options: Partial<LaunchKeyStrategyOptionsWithoutRequest>) {
  const place = await takePlace();
  const world = await startWorld({ callbackUrl: place.url });
  const strategy = new LaunchKeyStrategy(
    { ...world.options, waitUrl: '/wait', numberMatching: false, ...options },
    async (id) => ({ id }),
  );
  let report = () => {};
  const callback = strategy.callback({ onLogout: () => report() });
  place.serve(callback as never);
  const logOut = async () => {
    const reported = new Promise<void>((resolve) => {
      report = resolve;
    });
    await world.engine.deorbit('alice');
    await reported;
  };
  return { engine: world.engine, strategy, logOut };
}

/** An application whose pages write to the session. */
async function serveExpress(strategy: LaunchKeyStrategy, delays: Delays, logIn: object = {}) {
  const auth = new passport.Passport();
  auth.use(strategy);
  auth.serializeUser((user, done) => done(null, user));
  auth.deserializeUser((user, done) => done(null, user as Express.User));
  const app = express();
  const store = slow(new session.MemoryStore(), delays);
  app.use(session({ secret: 'test', resave: false, saveUninitialized: false, store }));
  app.use(auth.session(), strategy.session(), express.urlencoded({ extended: false }));
  app.use('/wait', strategy.waiting());
  app.post('/login', auth.authenticate('launchkey', { successRedirect: '/', ...logIn }));
  app.get('/', (req, res) => {
    const held = req.session as unknown as { views?: number; cart?: number };
    held.views = (held.views ?? 0) + 1;
    res.json({ in: Boolean(req.user), cart: held.cart });
  });
  app.post('/cart', (req, res) => {
    const held = req.session as unknown as { cart?: number };
    held.cart = (held.cart ?? 0) + 1;
    res.json(held.cart);
  });
  return serve(app);
}

/** Fastify's store in memory. Its types name it as an interface. */
function memoryStore(): object {
  return new (fastifySession as unknown as { MemoryStore: new () => object }).MemoryStore();
}

async function serveFastify(strategy: LaunchKeyStrategy, delays: Delays, logIn: object = {}) {
  const auth = new Authenticator();
  auth.use(strategy);
  auth.registerUserSerializer(async (user) => user);
  auth.registerUserDeserializer(async (user) => user);
  const app = fastify();
  app.register(fastifyFormbody);
  app.register(fastifyCookie);
  app.register(fastifySession, {
    secret: 'a secret with minimum length of 32 characters',
    store: slow(memoryStore(), delays) as never,
    saveUninitialized: false,
    cookie: { secure: false },
  });
  app.register(auth.initialize());
  app.register(auth.secureSession());
  app.after(() => {
    app.addHook('preValidation', async (request) => void (await strategy.checkSession(request)));
  });
  app.post(
    '/login',
    { preValidation: auth.authenticate('launchkey', { successRedirect: '/', ...logIn }) },
    // The response waits for the session store, so the handler must leave it alone.
    async (_request, reply) => reply,
  );
  app.get('/', async (request) => {
    request.session.set(
      'views' as never,
      ((request.session.get('views' as never) ?? 0) + 1) as never,
    );
    return { in: Boolean(request.user), cart: request.session.get('cart' as never) };
  });
  app.post('/cart', async (request) => {
    const cart = Number(request.session.get('cart' as never) ?? 0) + 1;
    request.session.set('cart' as never, cart as never);
    return cart;
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => app.close());
  return url;
}

const HOSTS: [string, typeof serveExpress][] = [
  ['Express', serveExpress],
  ['Fastify', serveFastify],
];

/** Logs alice in, and resolves when the browser was told to open the home page. */
async function logIn(
  engine: Awaited<ReturnType<typeof start>>['engine'],
  browser: TestBrowser,
  pending: Pending,
): Promise<void> {
  const begun = browser.post('/login', { username: 'alice' });
  if (pending !== 'hold') await begun;
  await engine.answer(await nextRequest(engine), true);
  const { headers } = await (pending === 'hold' ? begun : browser.post('/login'));
  expect(headers.get('location')).toBe('/');
}

/** The session is stored when the whole response has arrived. */
const addToCart = async (browser: TestBrowser) => (await browser.post('/cart')).text();

const home = async (browser: TestBrowser) => (await browser.send('/')).json();

describe.each(HOSTS)('a session store that takes its time, under %s', (_host, serveHost) => {
  it.each<[Delays, Pending]>([
    [{ get: 0, set: 0 }, 'hold'],
    [{ get: 5, set: 20 }, 'redirect'],
    [{ get: 20, set: 5 }, 'accept'],
    [{ get: 0, set: 100 }, 'hold'],
    [{ get: 0, set: 100 }, 'redirect'],
    [{ get: 0, set: 100 }, 'accept'],
    [{ get: 100, set: 0 }, 'accept'],
    [{ get: 1000, set: 0 }, 'redirect'],
    [{ get: 0, set: 1000 }, 'hold'],
  ])(
    'does not lose the note by which a logout on the phone ends the login: %o, %s',
    async (delays, pending) => {
      const { engine, strategy, logOut } = await start({ pending });
      const browser = new TestBrowser(await serveHost(strategy, delays));
      await logIn(engine, browser, pending);
      expect(await home(browser)).toMatchObject({ in: true });
      await logOut();
      expect(await home(browser)).toMatchObject({ in: false });
    },
  );

  it.each<[Delays, Pending]>([
    [{ get: 0, set: 0 }, 'hold'],
    [{ get: 100, set: 20 }, 'hold'],
    [{ get: 20, set: 100 }, 'accept'],
  ])(
    'keeps what other requests wrote while the login was held, with keepSessionInfo: %o, %s',
    async (delays, pending) => {
      const { engine, strategy } = await start({ pending });
      const browser = new TestBrowser(await serveHost(strategy, delays, { keepSessionInfo: true }));
      await addToCart(browser);
      const begun = browser.post('/login', { username: 'alice' });
      if (pending === 'accept') await begun;
      const held = pending === 'accept' ? browser.post('/login') : begun;
      const authRequest = await nextRequest(engine);
      const tab = browser.copy();
      await addToCart(tab);
      await addToCart(tab);
      await engine.answer(authRequest, true);
      await held;
      expect(await home(browser)).toMatchObject({ in: true, cart: 3 });
    },
  );

  it.each<[Delays]>([[{ get: 0, set: 0 }], [{ get: 20, set: 100 }]])(
    'keeps a login that another tab began while this one was held: %o',
    async (delays) => {
      const { engine, strategy } = await start({ pending: 'accept' });
      await engine.createUser('bob');
      const browser = new TestBrowser(await serveHost(strategy, delays));
      await browser.post('/login', { username: 'alice' });
      const held = browser.post('/login');
      const ofAlice = await nextRequest(engine);
      const tab = browser.copy();
      await tab.post('/login', { username: 'bob' });
      await engine.answer(ofAlice, true);
      expect((await held).headers.get('location')).toBe('/');
      await engine.answer(await nextRequest(engine, 'bob'), true);
      browser.take(tab);
      expect((await browser.post('/login')).headers.get('location')).toBe('/');
    },
  );
});
