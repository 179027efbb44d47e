import { fileURLToPath } from 'node:url';
import express, {
  type Express as Application,
  type ErrorRequestHandler,
  type RequestHandler,
} from 'express';
import session from 'express-session';
import passport from 'passport';
import { LaunchKeyError, LaunchKeyStrategy } from 'passport-launchkey';
import { homePage, loginPage, messagePage } from './pages.js';
import type { User, Users } from './users.js';

declare global {
  namespace Express {
    interface User {
      id: number;
      name: string;
    }
  }
}

/** What the application must be told; see demo.ts for a complete start. */
export interface AppOptions {
  users: Users;
  sessionSecret: string;
  /** Where the engine's API is, and who this application is to it. */
  launchkey: { apiBaseUrl: string; appKey: string; secretKey: string; privateKey: string };
  /** Shown on the login page, so that somebody who tries the demo knows where to approve. */
  authenticatorUrl?: string;
}

export function createApp({
  users,
  sessionSecret,
  launchkey,
  authenticatorUrl,
}: AppOptions): Application {
  const strategy = new LaunchKeyStrategy(
    { ...launchkey, answers: 'both', context: 'Log in to the example' },
    async (userHash, response) => users.findOrCreate(userHash, response.username),
  );
  // An instance of its own: several of these applications can run in one process.
  const auth = new passport.Passport();
  auth.use(strategy);
  auth.serializeUser<number>((user, done) => done(null, user.id));
  auth.deserializeUser<number>((id, done) => done(null, users.find(id) ?? false));

  const app = express();
  app.use(express.static(fileURLToPath(new URL('public', import.meta.url))));

  // The engine calls here when somebody answers or logs out on the phone. It has no session.
  app.all('/launchkey/callback', strategy.callback());

  app.use(
    session({
      secret: sessionSecret,
      resave: false,
      saveUninitialized: false,
      // In production: secure: true, behind TLS, and a session store that lasts.
      cookie: { httpOnly: true, sameSite: 'lax' },
    }),
  );
  app.use(auth.session());
  app.use(strategy.session());
  app.use(express.urlencoded({ extended: false, limit: '10kb' }));

  app.get('/', requireLogin, (req, res) => {
    res.send(homePage((req.user as User).name));
  });
  app.get('/login', (req, res) => {
    if (req.user) return res.redirect('/');
    const [message] = (req.session as { messages?: string[] }).messages ?? [];
    delete (req.session as { messages?: string[] }).messages;
    return res.send(loginPage({ message, authenticatorUrl }));
  });
  app.post(
    '/login',
    sameOrigin,
    auth.authenticate('launchkey', {
      successRedirect: '/',
      failureRedirect: '/login',
      failureMessage: true,
    }),
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

/** Other sites may not post our forms: a login that somebody else started would be theirs. */
const sameOrigin: RequestHandler = (req, res, next) => {
  const site = req.get('sec-fetch-site');
  const origin = req.get('origin');
  const same = site ? site === 'same-origin' : !origin || new URL(origin).host === req.get('host');
  if (same) return next();
  return res.status(403).send(messagePage('This form was sent by another site.'));
};

const showError: ErrorRequestHandler = (error, _req, res, next) => {
  if (res.headersSent) return next(error);
  console.error(error);
  // The status of a LaunchKeyError is the engine's answer to us, not ours to the browser.
  const status = error instanceof LaunchKeyError ? 503 : (error?.status ?? 500);
  res
    .status(status)
    .send(messagePage('Logging in does not work at the moment. Please try again later.'));
};
