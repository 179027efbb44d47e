import Router from '@koa/router';
import Koa, { type Context, type Next } from 'koa';
import bodyParser from 'koa-bodyparser';
import koaPassport from 'koa-passport';
import createSession from 'koa-session';
import {
  type AuthResponse,
  LaunchKeyError,
  LaunchKeyStrategy,
  type LoginInfo,
  MemoryStore,
} from 'passport-launchkey';
import { homePage, loginPage, messagePage } from './pages.js';

interface User {
  /** The engine's stable name of the user for this application. */
  id: string;
  name: string;
}

/** What the application must be told; see demo.ts for a complete start. */
export interface AppOptions {
  sessionSecret: string;
  /** Where the engine's API is, and who this application is to it. */
  launchkey: { apiBaseUrl: string; appKey: string; secretKey: string; privateKey: string };
  /** Shown on the login page of the demo: where to approve. */
  authenticatorUrl?: string;
}

export function createApp(options: AppOptions): Koa {
  const users = new Map<string, User>();
  // One store for both strategies, so that an event reaches the logins of either.
  const common = {
    ...options.launchkey,
    store: new MemoryStore(),
    context: 'Log in to the example',
    answers: 'both' as const,
  };
  const verify = async (id: string, response: AuthResponse) => {
    const user = users.get(id) ?? { id, name: response.username };
    users.set(id, user);
    // The response is what bindSession() needs below.
    return [user, response] as const;
  };
  // For browsers, which wait on a page; and for programs, which are told to ask again.
  const strategy = new LaunchKeyStrategy(
    // One tap approves; examples/express shows a number to type.
    { ...common, pending: 'redirect', numberMatching: false },
    verify,
  );
  const apiStrategy = new LaunchKeyStrategy(
    { ...common, pending: 'accept', name: 'launchkey-api' },
    verify,
  );

  const passport = new koaPassport.KoaPassport();
  passport.use(strategy);
  passport.use(apiStrategy);
  passport.serializeUser((user, done) => done(null, (user as User).id));
  passport.deserializeUser((id: string, done) => done(null, users.get(id) ?? false));

  const app = new Koa();
  app.keys = [options.sessionSecret];
  app.use(showErrors);
  // In production: secure: true, behind TLS, and a session store that lasts.
  app.use(createSession({ sameSite: 'lax' }, app));
  app.use(bodyParser());
  app.use(passport.initialize());
  app.use(passport.session());
  app.use(endedOnThePhone);
  app.use(launchKeyEndpoints);

  /** Ends logins that were ended on the phone. */
  async function endedOnThePhone(ctx: Context, next: Next): Promise<void> {
    const request = Object.create(ctx, { logout: { value: () => ctx.logout() } });
    await strategy.checkSession(request);
    await apiStrategy.checkSession(request);
    await next();
  }

  /** The waiting page, and the engine's events, which have no session. */
  async function launchKeyEndpoints(ctx: Context, next: Next): Promise<void> {
    if (!ctx.path.startsWith('/launchkey/')) return next();
    const request = Object.assign(ctx.req, { session: ctx.session, body: ctx.request.body });
    const { status, headers, body } = await strategy.handle(request);
    ctx.status = status;
    ctx.set(headers);
    ctx.body = body;
  }

  const router = new Router();
  router.use(sameOrigin);
  router.get('/', (ctx) => {
    if (!ctx.state.user) return ctx.redirect('/login');
    ctx.body = homePage(ctx.state.user.name);
  });
  router.get('/login', (ctx) => {
    const [message] = ctx.session.messages ?? [];
    if (message) ctx.session.messages = [];
    ctx.body = loginPage({ message, authenticatorUrl: options.authenticatorUrl });
  });
  router.post(
    '/login',
    passport.authenticate('launchkey', {
      successRedirect: '/',
      failureRedirect: '/login',
      failureMessage: true,
    }),
  );
  router.post('/logout', async (ctx) => {
    await logOut(ctx);
    ctx.redirect('/login');
  });

  router.post('/api/login', (ctx, next) =>
    passport.authenticate(
      'launchkey-api',
      async (error: unknown, user: User | false, info: LoginInfo | AuthResponse) => {
        if (error) throw error;
        if (!user) return refuse(ctx, info as LoginInfo);
        await ctx.login(user);
        // With a callback, Passport does not log in, so the application binds the login itself.
        await apiStrategy.bindSession(ctx, info);
        ctx.body = { user };
      },
    )(ctx, next),
  );
  router.get('/api/me', (ctx) => {
    ctx.status = ctx.state.user ? 200 : 401;
    ctx.body = ctx.state.user ? { user: ctx.state.user } : { message: 'No user is logged in.' };
  });
  router.post('/api/logout', async (ctx) => {
    await logOut(ctx);
    ctx.status = 204;
  });
  app.use(router.routes());

  /** Tells the engine first, by the note in the session that `logout()` takes away. */
  async function logOut(ctx: Context): Promise<void> {
    await strategy.logout(ctx);
    await apiStrategy.logout(ctx);
    await ctx.logout();
  }

  return app;
}

/** Responds with the reason why the user is not logged in yet: 202 pending, 401, 400, or 429 with `Retry-After`. */
function refuse(ctx: Context, info: LoginInfo): void {
  if (info.retryAfter !== undefined) ctx.set('retry-after', String(info.retryAfter));
  ctx.status = info.status;
  ctx.body = info;
}

/** Rejects forms from other sites: a login that another site started would belong to its owner. */
async function sameOrigin(ctx: Context, next: Next): Promise<void> {
  const site = ctx.get('sec-fetch-site');
  const origin = ctx.get('origin');
  const same = site
    ? ['same-origin', 'none'].includes(site)
    : !origin || (URL.canParse(origin) && new URL(origin).host === ctx.host);
  if (ctx.method !== 'POST' || same) return next();
  ctx.status = 403;
  ctx.body = messagePage('This form was sent by another site.');
}

async function showErrors(ctx: Context, next: Next): Promise<void> {
  try {
    await next();
  } catch (error) {
    console.error(error);
    // The status of a LaunchKeyError is the engine's answer to us, not ours to the browser.
    ctx.status = error instanceof LaunchKeyError ? 503 : 500;
    ctx.body = messagePage('Logging in does not work at the moment. Please try again later.');
  }
}
