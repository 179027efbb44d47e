import { createServer } from 'node:http';
import connect from 'connect';
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import {
  ConfigurationError,
  type HandlerOptions,
  LaunchKeyStrategy,
  MemoryStore,
} from 'passport-launchkey';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Diagnostics } from '../../lib/login/diagnostics.js';
import { WaitingWatch } from '../../lib/web/waiting-watch.js';
import { serve, takePlace } from '../support/app.js';
import { TestBrowser } from '../support/browser.js';
import { collectMessages } from '../support/diagnostics.js';
import { nextRequest, startWorld } from '../support/world.js';

// Express 4 is installed under another name and has no types.
const express4: typeof express = (await import('express4' as string)).default;

/** An application that leaves everything but its login route to `strategy.handler()`. */
async function start(make: () => express.Express, options: HandlerOptions = {}) {
  const place = await takePlace();
  const world = await startWorld({ callbackUrl: `${place.url}/launchkey/callback` });
  const strategy = new LaunchKeyStrategy(
    { ...world.options, pending: 'redirect', numberMatching: false },
    async (userHash) => ({ id: userHash }),
  );
  const auth = new passport.Passport();
  auth.use(strategy);
  auth.serializeUser((user, done) => done(null, user));
  auth.deserializeUser((user, done) => done(null, user as Express.User));
  const app = make();
  app.use(session({ secret: 'test', resave: false, saveUninitialized: false }));
  app.use(auth.session());
  app.use(strategy.session());
  app.use('/launchkey', strategy.handler(options));
  app.use(express.urlencoded({ extended: false }));
  app.use('/login', (req, res, next) => {
    // Connect has no redirects of its own.
    res.redirect = ((url: string) => res.writeHead(303, { location: url }).end()) as never;
    auth.authenticate('launchkey', { successRedirect: '/' })(req, res, next);
  });
  app.use('/launchkey', (req, res) => void res.end(`${req.url} of the application`));
  app.use('/', (req, res) => void res.end(req.user ? 'in' : 'out'));
  place.serve(app);
  return { world, url: place.url, browser: new TestBrowser(place.url) };
}

describe.each<[string, () => express.Express]>([
  ['Express 5', express],
  ['Express 4', express4],
  ['Connect', connect as never],
])('handler() in %s', (_host, make) => {
  it('serves the waiting page and the events of a login', async () => {
    const onLogout = vi.fn();
    const { world, browser } = await start(make, { onLogout });
    const page = (await browser.leadsTo('/login', { username: 'alice' })) ?? '';
    expect(page).toMatch(/^\/launchkey\/wait\?request=/);
    const request = new URL(page, 'http://app').searchParams.get('request') ?? '';
    expect(await browser.text(page)).toContain('<bdi>alice</bdi>');
    const status = browser.status(page);
    await world.engine.answer(await nextRequest(world.engine), true);
    expect(await status).toMatchObject({ state: 'answered' });
    expect(await browser.leadsTo('/login', { request })).toBe('/');
    expect(await browser.text('/')).toBe('in');
    await world.engine.deorbit('alice');
    await vi.waitFor(() => expect(onLogout).toHaveBeenCalledOnce());
    expect(await browser.text('/')).toBe('out');
  });

  it('serves the pairing page under /pair for the user that identifier names', async () => {
    const { browser } = await start(make, {
      identifier: () => 'user-17',
      pairing: { texts: { pairTitle: 'Telefon koppeln' } },
    });
    const page = await browser.send('/launchkey/pair');
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<h1 tabindex="-1">Telefon koppeln</h1>');
  });

  it('responds with 404 to /pair without identifier, and leaves other paths to the application', async () => {
    const { browser } = await start(make);
    expect((await browser.send('/launchkey/pair')).status).toBe(404);
    expect((await browser.send('/launchkey/callback')).status).toBe(400);
    for (const path of ['/other', '/wait/other', '/a/callback']) {
      expect(await browser.text(`/launchkey${path}`)).toBe(`${path} of the application`);
    }
  });
});

describe('handler()', () => {
  it('takes no path of the application where it has no mount path', async () => {
    const strategy = new LaunchKeyStrategy((await startWorld()).options, async () => false);
    const app = express();
    app.use(strategy.handler());
    app.get('/oauth/callback', (_req, res) => void res.end('mine'));
    const browser = new TestBrowser(await serve(app));
    expect(await browser.text('/oauth/callback')).toBe('mine');
    expect((await browser.send('/callback')).status).toBe(400);
  });

  it.each([
    ['identifier', { identifier: 'id' }],
    ['onLogout', { onLogout: true }],
    ['successUrl', { successUrl: 7 }],
  ])('refuses an unusable %s', async (option, options) => {
    const strategy = new LaunchKeyStrategy((await startWorld()).options, async () => false);
    expect(() => strategy.handler(options as never)).toThrow(ConfigurationError);
    expect(() => strategy.handler(options as never)).toThrow(option);
  });

  it('has functions behind it for other hosts', async () => {
    const strategy = new LaunchKeyStrategy((await startWorld()).options, async () => false);
    const place = createServer(async (req, res) => {
      const { status, headers, body } = await strategy.handle(Object.assign(req, { session: {} }));
      res.writeHead(status, headers).end(body);
    });
    const browser = new TestBrowser(await serve(place.listeners('request')[0] as never));
    const post = { method: 'POST' };
    const requests: [string, RequestInit, number, string][] = [
      ['/launchkey/wait?request=unknown', {}, 404, 'No login in progress'],
      ['/launchkey/callback?auth=x&auth_request=y&user_hash=z', post, 404, 'not accepted\n'],
      ['/launchkey/pair', {}, 404, ''],
      ['/launchkey/other', {}, 404, ''],
    ];
    for (const [path, init, status, text] of requests) {
      const response = await browser.send(path, init);
      expect([path, response.status]).toEqual([path, status]);
      expect(await response.text()).toContain(text);
    }
  });
});

describe('a browser that was redirected to waitUrl', () => {
  afterEach(() => void vi.useRealTimers());

  async function watch() {
    vi.useFakeTimers();
    const store = new MemoryStore();
    const login = {
      handle: 'handle',
      authRequest: 'token',
      username: 'alice',
      session: true,
      startedAt: Date.now(),
      expiresAt: Date.now() + 300_000,
    };
    await store.add(login, 300_000);
    const watched = new WaitingWatch({ store, diagnostics: new Diagnostics('launchkey') });
    watched.expect(login, '/launchkey/wait');
    const { messages } = collectMessages('passport-launchkey:warning');
    return { store, login, watched, messages, later: () => vi.advanceTimersByTimeAsync(30_000) };
  }

  it('is published as a warning, once, where no request for a waiting page comes', async () => {
    const { login, watched, messages, later } = await watch();
    await later();
    watched.expect(login, '/launchkey/wait');
    await later();
    expect(messages).toEqual([
      expect.objectContaining({ code: 'unserved_wait_url', message: expect.any(String) }),
    ]);
  });

  it('is not published where the waiting page is served, or the login has gone on', async () => {
    const served = await watch();
    served.watched.served();
    await served.later();
    expect(served.messages).toEqual([]);
    const answered = await watch();
    const answer = { authorized: true, userHash: 'hash', digest: 'digest' };
    await answered.store.answer('handle', answer as never);
    await answered.later();
    expect(answered.messages).toEqual([]);
  });
});
