import { once } from 'node:events';
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { describe, expect, it } from 'vitest';
import { serve } from './support/app.js';
import { TestBrowser } from './support/browser.js';
import { type Call, EngineProxy } from './support/proxy.js';
import { nextRequest, recordingStrategy, startWorld } from './support/world.js';

type Overrides = Parameters<typeof recordingStrategy>[1];

/** A promise, and the function that resolves it. */
function makeGate() {
  let open = () => {};
  const passed = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { passed, open };
}

/** An application and an engine with its default limits, whose clock the test moves. */
async function start(overrides: Overrides = {}) {
  let ahead = 0;
  const world = await startWorld({
    users: ['alice', 'bobby'],
    rateLimit: undefined,
    clock: () => Date.now() + ahead,
  });
  const proxy = await new EngineProxy(world.engine.url).start();
  const { strategy, verified } = recordingStrategy(world, {
    apiBaseUrl: `${proxy.url}/v1`,
    pending: 'redirect',
    waitUrl: '/login/wait',
    numberMatching: 'pick',
    context: (req) => req.body.context,
    ...overrides,
  });
  await strategy.client.ping();
  const auth = new passport.Passport();
  auth.use(strategy);
  auth.serializeUser((user, done) => done(null, user));
  auth.deserializeUser((user, done) => done(null, user as Express.User));
  const store = new session.MemoryStore();
  /** Called in place of the next write of a session, with the function that writes it. */
  const sessions: { onNextSet?: (write: () => void) => void } = {};
  const set = store.set.bind(store);
  store.set = (...args) => {
    const { onNextSet } = sessions;
    delete sessions.onNextSet;
    if (onNextSet) onNextSet(() => set(...args));
    else set(...args);
  };
  const app = express();
  app.use(session({ secret: 'test', resave: false, saveUninitialized: false, store }));
  app.use(auth.session(), strategy.session());
  app.use('/login/wait', strategy.waiting());
  app.use(express.urlencoded({ extended: false }));
  app.get('/', (req, res) => void res.json({ user: req.user ?? null }));
  app.post('/login', auth.authenticate('launchkey', { successRedirect: '/' }));
  const url = await serve(app);
  return {
    engine: world.engine,
    proxy,
    verified,
    sessions,
    url,
    passTime: (ms: number) => {
      ahead += ms;
    },
  };
}

const log = (browser: TestBrowser, form: Record<string, string> = {}) =>
  browser.post('/login', { username: 'alice', ...form });

/** A request whose browser the test closes. */
function abortable(browser: TestBrowser) {
  const page = new AbortController();
  const body = new URLSearchParams({ username: 'alice' });
  const left = browser
    .send('/login', { method: 'POST', body, signal: page.signal })
    .catch(() => {});
  return { leave: () => page.abort(), left };
}

/** Returns the number that the waiting page of a redirect shows. */
async function shownNumber(browser: TestBrowser, response: Response): Promise<number | undefined> {
  expect(response.status).toBe(303);
  const page = response.headers.get('location') ?? '';
  const { state, number } = await browser.status(page, 0);
  expect(state).toBe('pending');
  return number;
}

/** Expects one request on the phone, with the number that the browser shows, and approves it. */
async function approveOnly(
  { engine, verified }: Awaited<ReturnType<typeof start>>,
  browser: TestBrowser,
  response: Response,
) {
  const number = await shownNumber(browser, response);
  const requests = await engine.requests('alice');
  expect(requests).toHaveLength(1);
  expect(requests[0]?.numbers?.map(Number)).toContain(number);
  await engine.answer(requests[0]?.authRequest ?? '', true, { number });
  expect((await browser.post('/login')).headers.get('location')).toBe('/');
  expect(verified).toHaveLength(1);
}

/** Resolves when the engine took an auth request back. */
async function withdrawal(proxy: EngineProxy): Promise<void> {
  for (;;) {
    const [call] = (await once(proxy, 'answered')) as [Call];
    if (call.form.get('action') === 'Withdraw') return;
  }
}

describe('a browser that logs in twice', () => {
  it('has one request on the phone after a double click, without a session before it', async () => {
    const app = await start();
    const gate = makeGate();
    let held = 0;
    app.proxy.holdBack = ({ path }) =>
      path === '/v1/auths' && held++ === 0 ? gate.passed : undefined;
    const called = app.proxy.next('/auths');
    const browser = new TestBrowser(app.url);
    const first = abortable(browser);
    await called;
    first.leave();
    const second = log(browser);
    gate.open();
    await approveOnly(app, browser, await second);
  });

  it('has one request on the phone if the response to its first start is cut off', async () => {
    const app = await start();
    const browser = new TestBrowser(app.url);
    const saving = makeGate();
    const saved = makeGate();
    app.sessions.onNextSet = (write) => {
      saving.open();
      saved.passed.then(write);
    };
    const first = abortable(browser);
    await saving.passed;
    const withdrawn = withdrawal(app.proxy);
    first.leave();
    await withdrawn;
    saved.open();
    await approveOnly(app, browser, await log(browser));
  });

  it('has one request on the phone after going back, or cancelling, and starting again', async () => {
    const app = await start();
    const browser = new TestBrowser(app.url);
    const first = await log(browser);
    const number = await shownNumber(browser, first);
    expect(number).toBeGreaterThan(9);
    const second = await log(browser);
    const page = second.headers.get('location') ?? '';
    await browser.post(page, { action: 'cancel' });
    expect(await app.engine.requests('alice')).toEqual([]);
    await approveOnly(app, browser, await log(browser));
    expect(await browser.status(first.headers.get('location') ?? '', 0)).toMatchObject({
      state: 'denied',
      reason: 'cancelled',
    });
  });

  it('keeps logins of another name or context', async () => {
    const { engine, url } = await start();
    const browser = new TestBrowser(url);
    await log(browser, { context: 'one' });
    await log(browser, { username: 'bobby', context: 'one' });
    expect(await engine.requests('alice')).toHaveLength(1);
    expect(await engine.requests('bobby')).toHaveLength(1);
  });

  it('has one request on the phone with hold, whose first request is closed', async () => {
    const { engine, proxy, url, verified } = await start({
      pending: 'hold',
      numberMatching: false,
    });
    const browser = new TestBrowser(url);
    const first = abortable(browser);
    await nextRequest(engine);
    const withdrawn = withdrawal(proxy);
    first.leave();
    await withdrawn;
    const second = log(browser);
    await engine.answer(await nextRequest(engine), true);
    expect((await second).headers.get('location')).toBe('/');
    expect(await engine.requests('alice')).toEqual([]);
    expect(verified).toHaveLength(1);
  });
});

describe('a start in the five seconds after another one', () => {
  it('waits for the engine, and is not refused', async () => {
    const app = await start();
    await log(new TestBrowser(app.url));
    const refused = once(app.proxy, 'answered');
    const browser = new TestBrowser(app.url);
    const second = log(browser);
    await refused;
    app.passTime(6_000);
    expect(await shownNumber(browser, await second)).toBeGreaterThan(9);
    expect(await app.engine.requests('alice')).toHaveLength(2);
  });
});

describe('a cancelled login that the user has approved just before', () => {
  it('leaves no LaunchKey session, and logs no one in', async () => {
    const { engine, proxy, url, verified } = await start({ answers: 'callback' });
    const browser = new TestBrowser(url);
    const response = await log(browser);
    const number = await shownNumber(browser, response);
    await engine.answer(await nextRequest(engine), true, { number });
    expect(await engine.sessions('alice')).toHaveLength(1);
    await browser.post(response.headers.get('location') ?? '', { action: 'cancel' });
    const reports = proxy.of('/logs').map(({ form }) => [form.get('action'), form.get('status')]);
    expect(reports).toEqual([
      ['Withdraw', 'True'],
      ['Authenticate', 'False'],
      ['Revoke', 'True'],
    ]);
    expect(await engine.sessions('alice')).toEqual([]);
    expect((await browser.post('/login')).status).toBe(401);
    expect(verified).toEqual([]);
  });
});
