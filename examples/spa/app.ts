import { fileURLToPath } from 'node:url';
import express, {
  type Express as Application,
  type ErrorRequestHandler,
  type RequestHandler,
} from 'express';
import session from 'express-session';
import passport from 'passport';
import { LaunchKeyStrategy, type LoginInfo, MemoryStore } from 'passport-launchkey';

interface Account {
  /** The engine's stable name of the user for this application. */
  id: string;
  name: string;
}

declare global {
  namespace Express {
    interface User extends Account {}
  }
}

/** What the application must be told; see demo.ts for a complete start. */
export interface AppOptions {
  sessionSecret: string;
  /** Where the engine's API is, and who this application is to it. */
  launchkey: { apiBaseUrl: string; appKey: string; secretKey: string; privateKey: string };
}

/** The page's files, and the API that its script calls. */
export function createApp({ sessionSecret, launchkey }: AppOptions): Application {
  const accounts = new Map<string, Account>();
  const strategy = new LaunchKeyStrategy(
    {
      ...launchkey,
      pending: 'accept',
      answers: 'both',
      numberMatching: true,
      context: 'Log in to the example',
      // In one process. Several need the RedisStore: see docs/several-processes.md.
      store: new MemoryStore(),
    },
    async (id, { username }) => {
      const account = accounts.get(id) ?? { id, name: username };
      accounts.set(id, account);
      return account;
    },
  );
  // An instance of its own: several of these applications can run in one process.
  const auth = new passport.Passport();
  auth.use(strategy);
  auth.serializeUser<string>((user, done) => done(null, user.id));
  auth.deserializeUser<string>((id, done) => done(null, accounts.get(id) ?? false));

  const app = express();
  app.use(securityHeaders);
  app.use(express.static(fileURLToPath(new URL('public', import.meta.url))));

  // The engine sends events here when a user answers or logs out on the phone. It has no session.
  app.all('/launchkey/callback', strategy.callback());

  app.use('/api', onlyJson, express.json({ limit: '10kb' }));
  app.use(
    session({
      name: 'example.session',
      secret: sessionSecret,
      resave: false,
      saveUninitialized: false,
      cookie: { httpOnly: true, sameSite: 'lax', secure: 'auto' },
    }),
  );
  app.use(auth.session());
  // Ends logins that were ended on the phone: the next request has no user, and gets 401.
  app.use(strategy.session());

  // With a user name it begins a login, and without one it waits for the answer.
  app.post('/api/login', (req, res, next) => {
    auth.authenticate(
      'launchkey',
      (error: unknown, user: Express.User | false | null, info: LoginInfo) => {
        if (error) return next(error);
        // 202 pending, 401, 400, or 429. Without a callback, Passport would drop what is in it.
        if (!user) return res.status(info.status).json(info);
        req.logIn(user, (failed) => (failed ? next(failed) : res.json({ user })));
      },
    )(req, res, next);
  });
  // The script has its own view of waiting; of this handler it needs only how to cancel.
  app.post('/api/login/cancel', strategy.waiting());

  app.get('/api/account', ({ user }, res) => {
    if (user) res.json({ user });
    else res.status(401).json({ message: 'No user is logged in.' });
  });
  app.post('/api/logout', async (req, res, next) => {
    await strategy.logout(req);
    req.logout((error) => (error ? next(error) : res.sendStatus(204)));
  });

  app.use(showError);
  return app;
}

/** The rules for the page: nothing inline, nothing from other origins, no frames. */
const securityHeaders: RequestHandler = (_req, res, next) => {
  res.set({
    'Content-Security-Policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  });
  next();
};

/**
 * No other site may have a browser post to the API: it could make phones ring, or log a victim in to
 * an account of its own. A form cannot send JSON, and a script of another site is asked by the
 * browser for a permission (CORS preflight) that is never given here. So what says that it is
 * JSON comes from our own script. `SameSite` of the cookie says the same once more, but alone it
 * would leave out other hosts of the same site, and requests that need no cookie.
 */
const onlyJson: RequestHandler = (req, res, next) => {
  if (req.method === 'GET' || req.method === 'HEAD' || req.is('application/json')) return next();
  res.status(415).json({ message: 'Send JSON.' });
};

const showError: ErrorRequestHandler = (error, _req, res, next) => {
  if (res.headersSent) return next(error);
  const status: number = error?.status ?? 500;
  if (status >= 500) console.error(error);
  res.status(status).json({ message: 'This does not work at the moment. Please try again later.' });
};
