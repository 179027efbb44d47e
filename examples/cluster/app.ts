import { RedisStore as SessionStore } from 'connect-redis';
import express, {
  type Express as Application,
  type ErrorRequestHandler,
  type RequestHandler,
} from 'express';
import session from 'express-session';
import passport from 'passport';
import { LaunchKeyStrategy } from 'passport-launchkey';
import { RedisStore } from 'passport-launchkey/redis';
import { homePage, loginPage, messagePage } from './pages.js';
import type { Redis } from './redis.js';

declare global {
  namespace Express {
    interface User {
      userHash: string;
      name: string;
    }
  }
}

/** What every process of the application must be told, the same to each. */
export interface AppOptions {
  redis: Redis;
  sessionSecret: string;
  /** Where the engine's API is, and who this application is to it. */
  launchkey: { apiBaseUrl: string; appKey: string; secretKey: string; privateKey: string };
  /** Shown on the login page of the demo: where to approve. */
  authenticatorUrl?: string | undefined;
}

export function createApp({
  redis,
  sessionSecret,
  launchkey,
  authenticatorUrl,
}: AppOptions): Application {
  const strategy = new LaunchKeyStrategy(
    {
      ...launchkey,
      pending: 'redirect',
      waitUrl: '/login/wait',
      // One tap approves; examples/express shows a number to type.
      numberMatching: false,
      answers: 'both',
      context: 'Log in to the cluster example',
      // What makes it a cluster: a login begun in one process can be answered and finished in others.
      store: new RedisStore({ client: redis, prefix: 'example:launchkey:' }),
    },
    // A real application looks its user up in a database that the processes share.
    async (userHash, { username }) => ({ userHash, name: username }),
  );
  passport.use(strategy);
  passport.serializeUser((user, done) => done(null, user));
  passport.deserializeUser<Express.User>((user, done) => done(null, user));

  const app = express();
  // The engine sends events here when a user answers or logs out on the phone, to any process.
  app.all('/launchkey/callback', strategy.callback());

  app.use(
    session({
      secret: sessionSecret,
      resave: false,
      saveUninitialized: false,
      store: new SessionStore({ client: redis, prefix: 'example:session:' }),
      // In production: secure: true, behind TLS, and app.set('trust proxy', …).
      cookie: { httpOnly: true, sameSite: 'lax' },
    }),
  );
  app.use(passport.session(), strategy.session());
  app.use('/login/wait', strategy.waiting({ loginUrl: '/login', successUrl: '/' }));
  app.use(express.urlencoded({ extended: false, limit: '10kb' }));

  app.get('/', requireLogin, (req, res) => {
    res.send(homePage((req.user as Express.User).name, process.pid));
  });
  app.get('/login', (_req, res) => {
    res.send(loginPage({ authenticatorUrl, pid: process.pid }));
  });
  app.post(
    '/login',
    sameOrigin,
    passport.authenticate('launchkey', { successRedirect: '/', failureRedirect: '/login' }),
  );
  app.post('/logout', sameOrigin, async (req, res, next) => {
    await strategy.logout(req);
    req.logout((error) => (error ? next(error) : res.redirect('/login')));
  });

  app.use(showError);
  return app;
}

const requireLogin: RequestHandler = (req, res, next) =>
  req.user ? next() : res.redirect('/login');

/** Rejects forms from other sites: a login that another site started would belong to its owner. */
const sameOrigin: RequestHandler = (req, res, next) => {
  const site = req.get('sec-fetch-site');
  const origin = req.get('origin');
  const same = site
    ? site === 'same-origin'
    : !origin || (URL.canParse(origin) && new URL(origin).host === req.get('host'));
  if (same) return next();
  return res.status(403).send(messagePage('This form was sent by another site.'));
};

const showError: ErrorRequestHandler = (error, _req, res, next) => {
  if (res.headersSent) return next(error);
  console.error(error);
  res
    .status(503)
    .send(messagePage('Logging in does not work at the moment. Please try again later.'));
};
