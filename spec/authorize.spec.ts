import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { LaunchKeyStrategy } from 'passport-launchkey';
import { describe, expect, it } from 'vitest';
import { serve } from './support/app.js';
import { CookieJar } from './support/cookies.js';
import { nextRequest, startWorld, type World } from './support/world.js';

/** The response of the linking route. */
interface Linked {
  account?: { hash: string };
  user: { id: string } | null;
  messages: string[];
}

/**
 * An application with accounts: `POST /enter` logs in without LaunchKey, `POST /login` logs in with
 * it, and `POST /link` links a phone to the account of the user who is logged in.
 */
async function serveAccounts(world: World, linking: { authType?: 'session' } = {}) {
  const auth = new passport.Passport();
  auth.serializeUser((user, done) => done(null, user));
  auth.deserializeUser((user, done) => done(null, user as Express.User));
  const askedFor: unknown[] = [];
  const login = new LaunchKeyStrategy(
    { ...world.options, pending: 'redirect', waitUrl: '/login/wait', numberMatching: false },
    async (userHash) => ({ id: userHash }),
  );
  const link = new LaunchKeyStrategy(
    {
      ...world.options,
      name: 'launchkey-link',
      pending: 'redirect',
      waitUrl: '/link/wait',
      numberMatching: false,
      passReqToCallback: true,
      ...linking,
    },
    async (req: express.Request, userHash) => {
      askedFor.push(req.user);
      return { hash: userHash };
    },
  );
  auth.use(login);
  auth.use(link);
  const app = express();
  app.use(session({ secret: 'test', resave: false, saveUninitialized: false }));
  app.use(auth.session(), login.session(), express.urlencoded({ extended: false }));
  app.use('/link/wait', link.waiting({ loginUrl: '/link' }));
  app.post('/enter', (req, res, next) => {
    req.logIn({ id: req.body.id }, (error) => (error ? next(error) : res.end()));
  });
  app.post('/login', auth.authenticate('launchkey'), (req, res) => void res.json(req.user));
  app.post(
    '/link',
    auth.authorize('launchkey-link', { failureRedirect: '/me', failureMessage: true }),
    (req, res) => void res.json({ account: Reflect.get(req, 'account'), user: req.user }),
  );
  app.post('/link-by-login', auth.authorize('launchkey'), (_req, res) => void res.end());
  app.post('/logout', async (req, res) => {
    res.json(await login.logout(req));
  });
  app.get('/me', (req, res) => {
    const { messages = [] } = req.session as { messages?: string[] };
    res.json({ user: req.user ?? null, messages });
  });
  return { url: await serve(app), askedFor };
}

/** A browser that keeps its cookie and follows redirects. */
function openBrowser(url: string) {
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
  const post = (path: string, form: Record<string, string> = {}) =>
    send(path, { method: 'POST', body: new URLSearchParams(form) });
  return {
    post,
    get: async (path: string) => (await send(path)).text(),
    me: async () => (await (await send('/me')).json()) as Linked,
    /** Starts a login or a linking, and returns its handle. */
    begin: async (path: string, username = 'alice') => {
      const { headers } = await post(path, { username });
      return new URL(headers.get('location') ?? '', url).searchParams.get('request') ?? '';
    },
  };
}

describe('passport.authorize()', () => {
  it('stores the approved account on the request, and keeps the user logged in', async () => {
    const world = await startWorld();
    const { url, askedFor } = await serveAccounts(world);
    const browser = openBrowser(url);
    await browser.post('/enter', { id: 'ann' });
    await browser.begin('/link');
    await world.engine.answer(await nextRequest(world.engine), true);
    const linked = (await (await browser.post('/link')).json()) as Linked;
    expect(linked).toEqual({ account: { hash: expect.any(String) }, user: { id: 'ann' } });
    expect(askedFor).toEqual([{ id: 'ann' }]);
    expect((await browser.me()).user).toEqual({ id: 'ann' });
  });

  it('opens no LaunchKey session, because it logs no one in', async () => {
    const world = await startWorld();
    const browser = openBrowser((await serveAccounts(world)).url);
    await browser.begin('/link');
    expect(await world.engine.requests('alice')).toMatchObject([{ session: false }]);
  });

  it('opens a LaunchKey session with authType session', async () => {
    const world = await startWorld();
    const browser = openBrowser((await serveAccounts(world, { authType: 'session' })).url);
    await browser.begin('/link');
    expect(await world.engine.requests('alice')).toMatchObject([{ session: true }]);
  });

  it('remembers that the login is finished, for a second finish and the waiting page', async () => {
    const world = await startWorld();
    const browser = openBrowser((await serveAccounts(world)).url);
    await browser.post('/enter', { id: 'ann' });
    const request = await browser.begin('/link');
    await world.engine.answer(await nextRequest(world.engine), true);
    await browser.post('/link', { request });
    const again = await browser.post('/link', { request });
    expect(again.headers.get('location')).toBe('/me');
    expect((await browser.me()).messages).toEqual(['This login is already complete.']);
    expect(await browser.get(`/link/wait?request=${request}`)).toContain('data-section="finished"');
  });

  it('keeps the LaunchKey session by which the user is logged in', async () => {
    const world = await startWorld({ users: ['alice', 'bob'] });
    const browser = openBrowser((await serveAccounts(world)).url);
    await browser.begin('/login');
    await world.engine.answer(await nextRequest(world.engine), true);
    const user = await (await browser.post('/login')).json();
    // The same strategy, which keeps both under one key.
    await browser.begin('/link-by-login', 'bob');
    await world.engine.answer(await nextRequest(world.engine, 'bob'), true);
    await browser.post('/link-by-login');
    expect((await browser.me()).user).toEqual(user);
    expect(await (await browser.post('/logout')).json()).toBe(true);
  });

  it('does not accept an approval for linking as a login, nor an approval for a login as a link', async () => {
    const world = await startWorld();
    const { url, askedFor } = await serveAccounts(world);
    const browser = openBrowser(url);
    await browser.post('/enter', { id: 'ann' });
    for (const [begun, other] of [
      ['/link', '/login'],
      ['/login', '/link'],
    ] as const) {
      const request = await browser.begin(begun);
      await world.engine.answer(await nextRequest(world.engine), true);
      const refused = await browser.post(other, { request });
      expect(refused.headers.get('location') ?? refused.status).toBe(
        other === '/link' ? '/me' : 400,
      );
    }
    expect(askedFor).toEqual([]);
    expect((await browser.me()).user).toEqual({ id: 'ann' });
  });

  it('drops a pending link when its account logs out', async () => {
    const world = await startWorld();
    const { url, askedFor } = await serveAccounts(world);
    const browser = openBrowser(url);
    await browser.post('/enter', { id: 'ann' });
    const request = await browser.begin('/link');
    await world.engine.answer(await nextRequest(world.engine), true);
    await browser.post('/enter', { id: 'bob' });
    await browser.post('/link', { request });
    expect(askedFor).toEqual([]);
  });
});
