import Koa from 'koa';
import koaPassport from 'koa-passport';
import createSession from 'koa-session';
import { CHANNELS, LaunchKeyStrategy } from 'passport-launchkey';
import { describe, expect, it } from 'vitest';
import { createApp } from '../../examples/koa/app.js';
import { serve } from '../support/app.js';
import { TestBrowser } from '../support/browser.js';
import { collectMessages } from '../support/diagnostics.js';
import { startExampleWorld } from '../support/example.js';
import { nextRequest, startWorld } from '../support/world.js';

/** The running example, and an engine that sends its events to it. */
async function start() {
  const { launchkey, callbacksTo, ...world } = await startExampleWorld();
  const app = createApp({ sessionSecret: 'of the test', launchkey });
  // Its messages about failed logins would fill the output of the tests.
  app.silent = true;
  const url = await serve(app.callback() as never);
  callbacksTo(url);
  const answer = async (approve: boolean, user = 'alice') =>
    world.engine.answer(await nextRequest(world.engine, user), approve);
  return { ...world, url, answer };
}

const named = (page: string | null) =>
  new URL(page ?? '', 'http://app').searchParams.get('request') ?? '';

/** Logs in by the waiting page, like a browser with JavaScript. */
async function logIn(browser: TestBrowser, approve: () => Promise<unknown>, username = 'alice') {
  const page = await browser.leadsTo('/login', { username });
  expect(page).toMatch(/^\/launchkey\/wait\?request=/);
  const status = browser.status(page ?? '');
  await approve();
  expect(await status).toMatchObject({ state: 'answered' });
  expect(await browser.leadsTo('/login', { request: named(page) })).toBe('/');
}

describe('the Koa example, in a browser', () => {
  it('refuses visitors, logs in after an approval, and logs out', async () => {
    const { engine, url, answer } = await start();
    const alice = new TestBrowser(url);
    expect((await alice.send('/')).headers.get('location')).toBe('/login');
    expect(await alice.text('/login')).toContain('name="username"');
    await logIn(alice, () => answer(true));
    expect(await alice.text('/')).toContain('Hello, alice');
    expect(await engine.sessions('alice')).toHaveLength(1);
    expect(await alice.leadsTo('/logout')).toBe('/login');
    expect(await engine.sessions('alice')).toHaveLength(0);
    expect((await alice.send('/')).headers.get('location')).toBe('/login');
  });

  it('serves the waiting page, its script and its style sheet', async () => {
    const { url } = await start();
    const alice = new TestBrowser(url);
    const page = (await alice.leadsTo('/login', { username: 'alice' })) ?? '';
    const html = await alice.text(page);
    expect(html).toContain('<bdi>alice</bdi>');
    const files = [...html.matchAll(/(?:href|src)="(\?asset=[^"]+)"/g)].map(([, link]) => link);
    expect(files).toHaveLength(2);
    for (const file of files) {
      const { pathname, search } = new URL((file ?? '').replaceAll('&amp;', '&'), url + page);
      const response = await alice.send(pathname + search);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toMatch(/^text\/(css|javascript)/);
    }
  });

  it('refuses a denied login, and shows the reason on the login page once', async () => {
    const { url, answer } = await start();
    const alice = new TestBrowser(url);
    const page = (await alice.leadsTo('/login', { username: 'alice' })) ?? '';
    const status = alice.status(page);
    await answer(false);
    expect(await status).toMatchObject({ state: 'denied' });
    expect(await alice.leadsTo('/login', { request: named(page) })).toBe('/login');
    expect(await alice.text('/login')).toContain('The login was denied.');
    expect(await alice.text('/login')).not.toContain('The login was denied.');
    expect((await alice.send('/')).headers.get('location')).toBe('/login');
  });

  it('redirects to the waiting page while the login is pending, and cancels it there', async () => {
    const { url } = await start();
    const alice = new TestBrowser(url);
    const page = (await alice.leadsTo('/login', { username: 'alice' })) ?? '';
    expect(await alice.leadsTo('/login', { request: named(page) })).toBe(page);
    expect(await alice.leadsTo(page, { action: 'cancel' })).toBe('/login');
    expect(await alice.status(page)).toMatchObject({ state: 'denied' });
  });

  it('logs in the browser that started the login, and no other that knows the handle', async () => {
    const { url, answer } = await start();
    const [alice, mallory] = [new TestBrowser(url), new TestBrowser(url)];
    const page = (await alice.leadsTo('/login', { username: 'alice' })) ?? '';
    await mallory.leadsTo('/login', { username: 'bob' });
    expect(await mallory.status(page)).toMatchObject({ state: 'unknown' });
    await answer(true);
    await alice.status(page);
    expect(await mallory.leadsTo('/login', { request: named(page) })).toBe('/login');
    expect((await mallory.send('/')).headers.get('location')).toBe('/login');
    expect(await alice.leadsTo('/login', { request: named(page) })).toBe('/');
    expect(await alice.text('/')).toContain('Hello, alice');
  });

  it('logs out a user at the next request after a logout on the phone, and no other user', async () => {
    const { url, answer, endOnPhone } = await start();
    const [first, second, bob] = [0, 1, 2].map(() => new TestBrowser(url)) as [
      TestBrowser,
      TestBrowser,
      TestBrowser,
    ];
    await logIn(first, () => answer(true));
    await logIn(second, () => answer(true));
    await logIn(bob, () => answer(true, 'bob'), 'bob');
    expect(await endOnPhone('alice')).toBe(200);
    for (const browser of [first, second]) {
      expect((await browser.send('/')).headers.get('location')).toBe('/login');
    }
    expect(await bob.text('/')).toContain('Hello, bob');
  });

  it('refuses forms from another site', async () => {
    const { engine, url } = await start();
    const alice = new TestBrowser(url);
    const form = { username: 'alice' };
    for (const [name, value] of [
      ['origin', 'https://evil.example'],
      ['sec-fetch-site', 'cross-site'],
    ] as const) {
      expect((await alice.post('/login', form, { [name]: value })).status).toBe(403);
    }
    expect(await engine.requests('alice')).toEqual([]);
  });

  it('refuses a forged event', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/launchkey/callback?deorbit=x&signature=y`, {
      method: 'POST',
    });
    expect([response.status, await response.text()]).toEqual([400, 'not accepted\n']);
  });

  it('responds with 503 and no details while the engine is away', async () => {
    const { engine, url } = await start();
    await engine.close();
    const response = await new TestBrowser(url).post('/login', { username: 'alice' });
    expect(response.status).toBe(503);
    expect(await response.text()).not.toMatch(/127\.0\.0\.1|ECONN/);
  });
});

describe('the Koa example for programs', () => {
  it('responds with 202 until the user approves, and then logs in', async () => {
    const { engine, url, answer } = await start();
    const alice = new TestBrowser(url);
    expect((await alice.send('/api/me')).status).toBe(401);
    const begun = await alice.post('/api/login', { username: 'alice' });
    expect(begun.status).toBe(202);
    const { request, ...rest } = (await begun.json()) as { request: string };
    expect(rest).toMatchObject({ code: 'pending', expiresAt: expect.any(String) });
    const finish = alice.post('/api/login', { request });
    await answer(true);
    expect(await (await finish).json()).toMatchObject({ user: { name: 'alice' } });
    expect(await (await alice.send('/api/me')).json()).toMatchObject({ user: { name: 'alice' } });
    expect((await alice.post('/api/login', { request })).status).toBe(401);
    expect((await alice.post('/api/logout')).status).toBe(204);
    expect(await engine.sessions('alice')).toHaveLength(0);
    expect((await alice.send('/api/me')).status).toBe(401);
  });

  it('reports a denial, and a missing user name', async () => {
    const { url, answer } = await start();
    const alice = new TestBrowser(url);
    expect((await alice.post('/api/login')).status).toBe(400);
    await alice.post('/api/login', { username: 'alice' });
    const finish = alice.post('/api/login');
    await answer(false);
    const denied = await finish;
    expect([denied.status, await denied.json()]).toMatchObject([401, { code: 'denied' }]);
    expect((await alice.send('/api/me')).status).toBe(401);
  });

  it('logs out when the session was ended on the phone', async () => {
    const { url, answer, endOnPhone } = await start();
    const alice = new TestBrowser(url);
    await alice.post('/api/login', { username: 'alice' });
    await answer(true);
    expect((await alice.post('/api/login')).status).toBe(200);
    expect(await endOnPhone('alice')).toBe(200);
    expect((await alice.send('/api/me')).status).toBe(401);
  });
});

describe('koa-passport with a callback of the application', () => {
  it('publishes a warning where the login is not bound by bindSession()', async () => {
    const world = await startWorld();
    const passport = new koaPassport.KoaPassport();
    passport.use(new LaunchKeyStrategy(world.options, async (id) => ({ id })));
    passport.serializeUser((user, done) => done(null, user));
    const app = new Koa();
    app.keys = ['of the test'];
    app.use(createSession(app));
    app.use(passport.initialize());
    app.use((ctx, next) =>
      passport.authenticate('launchkey', async (_error: unknown, user: unknown) => {
        await ctx.login(user);
        ctx.body = 'in';
      })(ctx, next),
    );
    const url = await serve(app.callback() as never);
    const warned = collectMessages(CHANNELS.warning);
    const login = new TestBrowser(url).text('/?username=alice');
    await world.engine.answer(await nextRequest(world.engine), true);
    expect(await login).toBe('in');
    expect(await warned.first).toMatchObject({ code: 'unbound_session' });
  });
});
