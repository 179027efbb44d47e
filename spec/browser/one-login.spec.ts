import { setTimeout as pause } from 'node:timers/promises';
import { RedisStore as RedisSessions } from 'connect-redis';
import express, { type Express } from 'express';
import session from 'express-session';
import passport from 'passport';
import { MemoryStore, type Store } from 'passport-launchkey';
import { RedisStore } from 'passport-launchkey/redis';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { takePlace } from '../support/app.js';
import { describeWithChromium, launchChromium } from '../support/chromium.js';
import { EngineProxy } from '../support/proxy.js';
import { connectRedis, RedisServer } from '../support/redis.js';
import { recordingStrategy, startWorld, type World } from '../support/world.js';

type Where = 'before' | 'inside' | 'after';

interface Delay {
  where: Where;
  ms: number;
}

/** One instance of an application, as each of its processes has one. */
async function makeApp(
  world: World,
  delay: Delay,
  stores: { logins: Store; sessions: session.Store },
): Promise<{ app: Express; verified: string[] }> {
  const proxy = await new EngineProxy(world.engine.url).start();
  if (delay.where === 'inside') {
    proxy.holdBack = ({ path }) => (path === '/v1/auths' ? pause(delay.ms) : undefined);
  }
  const { strategy, verified } = recordingStrategy(world, {
    apiBaseUrl: `${proxy.url}/v1`,
    pending: 'redirect',
    waitUrl: '/login/wait',
    numberMatching: 'pick',
    store: stores.logins,
  });
  const auth = new passport.Passport();
  auth.use(strategy);
  auth.serializeUser((user, done) => done(null, user));
  auth.deserializeUser((user, done) => done(null, user as Express.User));
  const app = express();
  app.use(
    session({ secret: 'test', resave: false, saveUninitialized: false, store: stores.sessions }),
  );
  app.use(auth.session(), strategy.session());
  app.use('/login/wait', strategy.waiting());
  app.use(express.urlencoded({ extended: false }));
  app.get('/', (req, res) => void res.send(html(req.user ? 'Logged in' : 'Logged out', '')));
  app.get('/login', (_req, res) => {
    res.send(
      html('Log in', '<form method="post"><input name="username"><button>Log in</button></form>'),
    );
  });
  app.post(
    '/login',
    async (_req, _res, next) => {
      if (delay.where === 'before') await pause(delay.ms);
      next();
    },
    auth.authenticate('launchkey', { successRedirect: '/', failureRedirect: '/login' }),
  );
  return { app, verified };
}

function html(title: string, body: string): string {
  return `<!doctype html><html lang="en"><title>${title}</title><link rel="icon" href="data:,"><h1>${title}</h1>${body}</html>`;
}

/** Serves instances of an application in turn at one address, with an engine of default limits. */
async function start(instances: 1 | 3, delay: Delay) {
  const world = await startWorld({ rateLimit: undefined });
  const stores = instances === 1 ? memoryStores() : await redisStores();
  if (delay.where === 'after') {
    const set = stores.sessions.set.bind(stores.sessions);
    stores.sessions.set = (...args) => void pause(delay.ms).then(() => set(...args));
  }
  const made: Awaited<ReturnType<typeof makeApp>>[] = [];
  for (let n = 0; n < instances; n++) made.push(await makeApp(world, delay, stores));
  const { url, serve } = await takePlace();
  let turn = 0;
  serve(((req: express.Request, res: express.Response) =>
    made[turn++ % instances]?.app(req, res)) as unknown as Express);
  return { engine: world.engine, url, verified: () => made.flatMap(({ verified }) => verified) };
}

function memoryStores() {
  return { logins: new MemoryStore(), sessions: new session.MemoryStore() as session.Store };
}

async function redisStores() {
  const server = await RedisServer.start();
  const client = await connectRedis(server.url);
  const logins = new RedisStore({ client });
  onTestFinished(async () => {
    await logins.close();
    await server.stop();
  });
  return { logins, sessions: new RedisSessions({ client }) as session.Store };
}

const submit = (page: Page) => page.getByRole('button', { name: 'Log in' });
const waiting = (page: Page) => page.getByRole('heading', { name: 'Check your phone' }).waitFor();

/** What people do with a login form whose user name they have filled in. */
const ACTIONS: Record<string, (page: Page) => Promise<void>> = {
  'a double click': async (page) => {
    await submit(page).dblclick({ noWaitAfter: true });
  },
  'Enter twice': async (page) => {
    await Promise.all([page.keyboard.press('Enter'), page.keyboard.press('Enter')]);
  },
  'back and again': async (page) => {
    await submit(page).click();
    await waiting(page);
    await page.goBack();
    await page.locator('input').fill('alice');
    await submit(page).click();
  },
  'cancel and again': async (page) => {
    await submit(page).click();
    await waiting(page);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.locator('input').fill('alice');
    await submit(page).click();
  },
  'a reload': async (page) => {
    await submit(page).click();
    await waiting(page);
    await page.reload();
  },
};

/** Each action with a delay at each place, with one instance and with three, with JavaScript and without. */
const CASES: [string, Where, number, 1 | 3, boolean][] = [
  ['a double click', 'before', 0, 1, true],
  ['a double click', 'after', 300, 3, false],
  ['a double click', 'inside', 30, 1, false],
  ['Enter twice', 'inside', 300, 3, true],
  ['Enter twice', 'before', 30, 1, false],
  ['Enter twice', 'after', 0, 1, true],
  ['back and again', 'after', 30, 1, true],
  ['back and again', 'inside', 0, 3, false],
  ['back and again', 'before', 300, 3, true],
  ['cancel and again', 'before', 30, 3, false],
  ['cancel and again', 'after', 300, 1, true],
  ['cancel and again', 'inside', 0, 1, true],
  ['a reload', 'inside', 300, 1, true],
  ['a reload', 'after', 30, 3, false],
  ['a reload', 'before', 0, 3, true],
];

describeWithChromium('a login that a person makes', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => await browser?.close());

  it.each(CASES)(
    'leaves one request on the phone, with the number of the browser, after %s (delay %s the strategy: %i ms, instances: %i, JavaScript: %s)',
    async (action, where, ms, instances, javaScriptEnabled) => {
      const { engine, url, verified } = await start(instances, { where, ms });
      const context = await browser.newContext({ javaScriptEnabled });
      onTestFinished(() => context.close());
      const page = await context.newPage();
      await page.goto(`${url}/login`);
      await page.locator('input').fill('alice');
      await ACTIONS[action]?.(page);
      await waiting(page);
      const number = Number(await page.locator('.number strong').textContent());
      await expect.poll(() => engine.requests('alice'), { timeout: 10_000 }).toHaveLength(1);
      const [request] = await engine.requests('alice');
      expect(request?.numbers?.map(Number)).toContain(number);
      await engine.answer(request?.authRequest ?? '', true, { number });
      if (!javaScriptEnabled) await page.getByRole('button', { name: 'Continue' }).click();
      await page.getByRole('heading', { name: 'Logged in' }).waitFor();
      expect(verified()).toHaveLength(1);
    },
  );
});
