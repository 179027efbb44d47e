import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import connect from 'connect';
import session from 'express-session';
import passport from 'passport';
import { LaunchKeyStrategy } from 'passport-launchkey';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { CookieJar } from '../support/cookies.js';
import { nextRequest, startWorld } from '../support/world.js';

type Next = (error?: unknown) => void;
type Request = IncomingMessage & {
  body?: Record<string, string>;
  user?: { id: string };
  session: { messages?: string[] };
  logout(done: Next): void;
};
type Response = ServerResponse & { redirect(url: string): void };

/** Connect's types lack the members that middleware adds to requests and responses. */
function middleware(handler: (req: Request, res: Response, next: Next) => unknown) {
  return handler as unknown as connect.NextHandleFunction;
}

/** Connect routes by the path alone, but a login must not begin or end with a GET. */
function onPost(handler: unknown) {
  return middleware((req, res, next) =>
    req.method === 'POST' ? (handler as connect.NextHandleFunction)(req, res, next) : next(),
  );
}

/** Reads the fields of the form, which Connect does not read. */
async function readForm(req: Request, _res: Response, next: Next): Promise<void> {
  if (req.method === 'POST') req.body = Object.fromEntries(new URLSearchParams(await text(req)));
  next();
}

/** Adds `res.redirect`, which Passport's `successRedirect` and `failureRedirect` need. */
function redirects(_req: Request, res: Response, next: Next): void {
  res.redirect = (url) => {
    res.writeHead(303, { location: url }).end();
  };
  next();
}

/** A Connect application with the login, the waiting page, the callback and the remote logout. */
async function start() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const world = await startWorld({ callbackUrl: `${url}/launchkey/callback` });
  const strategy = new LaunchKeyStrategy(
    {
      ...world.options,
      pending: 'redirect',
      waitUrl: '/login/wait',
      // Only events bring the answers, so that the callback is tested.
      answers: 'callback',
      numberMatching: true,
    },
    async (userHash) => ({ id: userHash }),
  );
  const auth = new passport.Passport();
  auth.use(strategy);
  auth.serializeUser((user, done) => done(null, user));
  auth.deserializeUser((user, done) => done(null, user as Express.User));

  const app = connect();
  app.use('/launchkey/callback', strategy.callback());
  const sessions = session({ secret: 'test', resave: false, saveUninitialized: false });
  app.use(sessions as connect.NextHandleFunction);
  app.use(auth.session() as connect.NextHandleFunction);
  app.use(strategy.session());
  // Before '/login', which Connect matches as a prefix of this path.
  app.use('/login/wait', strategy.waiting());
  app.use(middleware(readForm));
  app.use(middleware(redirects));
  app.use(
    '/login',
    onPost(
      auth.authenticate('launchkey', {
        successRedirect: '/',
        failureRedirect: '/failed',
        failureMessage: true,
      }),
    ),
  );
  app.use(
    '/logout',
    middleware(async (req, res, next) => {
      const confirmed = await strategy.logout(req);
      req.logout((error) => (error ? next(error) : res.end(String(confirmed))));
    }),
  );
  app.use(
    middleware((req, res) => {
      res.end(JSON.stringify({ user: req.user?.id ?? null, messages: req.session.messages }));
    }),
  );
  server.on('request', app);
  return { world, url };
}

/** A browser that keeps its cookie. */
function openBrowser(url: string) {
  const jar = new CookieJar();
  const send = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(url + path, {
      ...init,
      redirect: 'manual',
      headers: { cookie: String(jar), ...(init.headers as Record<string, string>) },
    });
    jar.keep(response.headers.getSetCookie());
    return response;
  };
  const post = (path: string, form: Record<string, string> = {}) =>
    send(path, { method: 'POST', body: new URLSearchParams(form) });
  const user = async () => ((await (await send('/')).json()) as { user: string | null }).user;
  return { send, post, user };
}

describe('a Connect server', () => {
  async function begin() {
    const { world, url } = await start();
    const browser = openBrowser(url);
    await browser.send('/login?username=alice');
    expect(await world.engine.requests('alice')).toEqual([]);
    const begun = await browser.post('/login', { username: 'alice' });
    expect(begun.status).toBe(303);
    const waitUrl = begun.headers.get('location') ?? '';
    const request = new URL(waitUrl, url).searchParams.get('request') ?? '';
    return { world, url, browser, waitUrl, request };
  }

  async function logIn() {
    const login = await begin();
    const { world, browser, waitUrl, request } = login;
    const status = { headers: { accept: 'application/json' } };
    const { number } = (await (
      await browser.send(waitUrl, { headers: { ...status.headers, prefer: 'wait=0' } })
    ).json()) as { number: number };
    await world.engine.answer(await nextRequest(world.engine), true, { number });
    // The status is held until the event arrives.
    expect(await (await browser.send(waitUrl, status)).json()).toMatchObject({ state: 'answered' });
    const finished = await browser.post('/login', { request });
    expect([finished.status, finished.headers.get('location')]).toEqual([303, '/']);
    return login;
  }

  it('logs in by the waiting page with a number, and logs out', async () => {
    const { browser, url, waitUrl } = await logIn();
    expect(await browser.user()).toMatch(/./);
    expect(await openBrowser(url).user()).toBeNull();
    expect(await (await browser.send(waitUrl)).text()).toContain('You are logged in');
    expect(await (await browser.post('/logout')).text()).toBe('true');
    expect(await browser.user()).toBeNull();
  });

  it('serves the waiting page with its script and style sheet', async () => {
    const { browser, url, waitUrl } = await begin();
    const html = await (await browser.send(waitUrl)).text();
    expect(html).toContain('Check your phone');
    const assets = [...html.matchAll(/(?:href|src)="(\?asset=[^"]+)"/g)].map(([, asset]) =>
      new URL((asset ?? '').replaceAll('&amp;', '&'), url + waitUrl).href.slice(url.length),
    );
    const types = assets.map(async (asset) => {
      const { status, headers } = await browser.send(asset);
      return `${status} ${headers.get('content-type')}`;
    });
    expect(await Promise.all(types)).toEqual([
      expect.stringMatching(/^200 text\/css/),
      expect.stringMatching(/^200 text\/javascript/),
    ]);
  });

  it('cancels a login', async () => {
    const { browser, waitUrl, request } = await begin();
    const cancelled = await browser.post(waitUrl, { action: 'cancel' });
    expect([cancelled.status, cancelled.headers.get('location')]).toEqual([303, '/login']);
    await browser.post('/login', { request });
    expect(await browser.user()).toBeNull();
  });

  it('keeps the reason of a denial', async () => {
    const { world, browser, waitUrl, request } = await begin();
    await world.engine.answer(await nextRequest(world.engine), false);
    const status = { headers: { accept: 'application/json' } };
    expect(await (await browser.send(waitUrl, status)).json()).toMatchObject({ state: 'denied' });
    const denied = await browser.post('/login', { request });
    expect(denied.headers.get('location')).toBe('/failed');
    expect(await (await browser.send('/')).json()).toEqual({
      user: null,
      messages: ['The login was denied.'],
    });
  });

  it('logs out when the session was ended on the phone', async () => {
    const { world, browser } = await logIn();
    await world.engine.deorbit('alice');
    // The engine's event arrives some time later.
    await vi.waitUntil(async () => (await browser.user()) === null, { timeout: 20_000 });
  });
});
