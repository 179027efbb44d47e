import { once } from 'node:events';
import express from 'express';
import session from 'express-session';
import passport from 'passport';
import {
  type AuthResponse,
  CHANNELS,
  LaunchKeyStrategy,
  type LaunchKeyStrategyOptions,
  type SetupWarning,
} from 'passport-launchkey';
import { describe, expect, it } from 'vitest';
import { takePlace } from './support/app.js';
import { TestBrowser } from './support/browser.js';
import { collectMessages } from './support/diagnostics.js';
import { nextRequest, startWorld } from './support/world.js';

declare module 'express-session' {
  interface SessionData {
    userId?: string;
    launchkey?: string;
  }
}

/** An application whose verify passes the response on, and an engine that sends it its events. */
async function serveApplication(
  prepare: (
    app: express.Express,
    auth: passport.Authenticator,
    strategy: LaunchKeyStrategy,
  ) => void,
  options: Partial<LaunchKeyStrategyOptions> = {},
) {
  const place = await takePlace();
  const world = await startWorld({ callbackUrl: `${place.url}/launchkey/callback` });
  const strategy = new LaunchKeyStrategy(
    { ...world.options, ...options } as LaunchKeyStrategyOptions,
    async (userHash: string, response: AuthResponse) => [{ id: userHash }, response] as const,
  );
  const auth = new passport.Passport();
  auth.use(strategy);
  auth.serializeUser((user, done) => done(null, user));
  auth.deserializeUser((user, done) => done(null, user as Express.User));
  const app = express();
  app.all('/launchkey/callback', strategy.callback({ onLogout: () => app.emit('logout') }));
  app.use(express.urlencoded({ extended: false }));
  prepare(app, auth, strategy);
  place.serve(app);
  const browser = new TestBrowser(place.url);
  return {
    browser,
    logIn: async () => {
      const response = browser.post('/login', { username: 'alice' });
      await world.engine.answer(await nextRequest(world.engine), true);
      return await response;
    },
    logOutOnPhone: async () => {
      const logout = once(app, 'logout');
      await world.engine.deorbit('alice');
      await logout;
    },
  };
}

const withSessions = () => session({ secret: 'test', resave: false, saveUninitialized: false });

describe('bindSession()', () => {
  it('gives applications with tokens a handle, which isOpen() tells the end of', async () => {
    const { browser, logIn, logOutOnPhone } = await serveApplication((app, auth, strategy) => {
      app.post(
        '/login',
        auth.authenticate('launchkey', { session: false, authType: 'session' }),
        async (req, res) => {
          res.json({ token: await strategy.bindSession(req, req.authInfo) });
        },
      );
      app.get('/open/:token', async (req, res) => {
        res.json(await strategy.isOpen(req.params.token));
      });
    });
    const warned = collectMessages(CHANNELS.warning);
    const { token } = (await (await logIn()).json()) as { token: string };
    expect(await browser.text(`/open/${token}`)).toBe('true');
    expect(await browser.text('/open/unknown')).toBe('false');
    await logOutOnPhone();
    expect(await browser.text(`/open/${token}`)).toBe('false');
    expect(warned.messages).toEqual([]);
  });

  it('binds a login that the application keeps in the session by itself', async () => {
    const { browser, logIn, logOutOnPhone } = await serveApplication((app, auth, strategy) => {
      app.use(withSessions());
      app.use(async (req, _res, next) => {
        const logout = () => {
          delete req.session.userId;
        };
        await strategy.checkSession(Object.create(req, { logout: { value: logout } }));
        next();
      });
      app.post('/login', (req, res, next) => {
        auth.authenticate(
          'launchkey',
          async (error: unknown, user: { id: string }, response: AuthResponse) => {
            if (error || !user) return next(error ?? new Error('denied'));
            req.session.userId = user.id;
            await strategy.bindSession(req, response);
            res.end();
          },
        )(req, res, next);
      });
      app.get('/me', (req, res) => void res.json(req.session.userId ?? null));
    });
    const warned = collectMessages(CHANNELS.warning);
    await logIn();
    expect(await browser.text('/me')).toMatch(/^"\w/);
    await logOutOnPhone();
    expect(await browser.text('/me')).toBe('null');
    expect(warned.messages).toEqual([]);
  });

  it('refuses what is not the response of a login', async () => {
    const strategy = new LaunchKeyStrategy((await startWorld()).options, async () => false);
    for (const response of [undefined, {}, { message: 'Welcome' }]) {
      await expect(strategy.bindSession({ headers: {} }, response)).rejects.toThrow(/response/);
    }
  });

  it('refuses a transaction, which opens no LaunchKey session', async () => {
    const { logIn } = await serveApplication((app, auth, strategy) => {
      app.post('/login', auth.authenticate('launchkey', { session: false }), async (req, res) => {
        const bound = strategy.bindSession(req, req.authInfo);
        res.json(await bound.catch((error) => error.message));
      });
    });
    expect(await (await logIn()).json()).toMatch(/authType/);
  });
});

describe('a login of type session that is bound to no session', () => {
  it.each([
    ['a token', { session: false, authType: 'session' } as const],
    ['an account to link', { assignProperty: 'account', authType: 'session' } as const],
  ])('is published as a warning where the application keeps %s', async (_, options) => {
    const { logIn } = await serveApplication((app, auth) => {
      app.use(withSessions());
      app.post('/login', auth.authenticate('launchkey', options), (_req, res) => void res.end());
    });
    const warned = collectMessages(CHANNELS.warning);
    await logIn();
    const warning = (await warned.first) as SetupWarning;
    expect(warning).toMatchObject({ strategy: 'launchkey', code: 'unbound_session' });
    expect(warning.message).toMatch(/bindSession/);
  });

  it('is not published where Passport logs in', async () => {
    const { browser, logIn } = await serveApplication((app, auth) => {
      app.use(withSessions());
      app.post('/login', auth.authenticate('launchkey'), (_req, res) => void res.end());
      app.get('/', (_req, res) => void res.end());
    });
    const warned = collectMessages(CHANNELS.warning);
    expect((await logIn()).status).toBe(200);
    await browser.send('/');
    expect(warned.messages).toEqual([]);
  });
});
