import { fileURLToPath } from 'node:url';
import express, { type Express as Application, type ErrorRequestHandler } from 'express';
import session from 'express-session';
import passport from 'passport';
import { LaunchKeyError } from 'passport-launchkey';
import { accountRoutes } from './account-routes.js';
import type { Account, Accounts } from './accounts.js';
import { handled, requireLogin, requireStranger, sameOrigin, securityHeaders } from './guards.js';
import { takeMessage } from './messages.js';
import { homePage, loginPage, messagePage } from './pages.js';
import { passwordRoutes } from './password-routes.js';
import { type LaunchKeySettings, LINKING_TEXTS, launchKeyStrategies } from './strategies.js';

declare global {
  namespace Express {
    interface User extends Account {}
  }
}

/** What the application must be told; see server.ts and demo.ts for a complete start. */
export interface AppOptions {
  accounts: Accounts;
  sessionSecret: string;
  launchkey: LaunchKeySettings;
  /** Shown on the login page of the demo: where to approve. */
  authenticatorUrl?: string;
}

export function createApp(options: AppOptions): Application {
  const { accounts, sessionSecret, launchkey, authenticatorUrl } = options;
  const { login, link } = launchKeyStrategies(launchkey, accounts);
  // An instance of its own: several of these applications can run in one process.
  const auth = new passport.Passport();
  auth.use(login);
  auth.use(link);
  auth.serializeUser<number>((user, done) => done(null, user.id));
  auth.deserializeUser<number>((id, done) => done(null, accounts.find(id) ?? false));

  const app = express();
  app.use(securityHeaders);
  app.use(
    express.static(fileURLToPath(new URL('public', import.meta.url)), { cacheControl: false }),
  );

  // The engine sends events here when a user answers or logs out on the phone. It has no session.
  app.all('/launchkey/callback', login.callback());

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
  app.use(login.session());
  app.use(express.urlencoded({ extended: false, limit: '10kb' }));
  app.use(sameOrigin);

  app.get('/', requireLogin, (req, res) => {
    res.send(homePage((req.user as Account).name));
  });

  app.use('/login/wait', login.waiting());
  app.get('/login', requireStranger, (req, res) => {
    res.send(loginPage({ message: takeMessage(req.session), authenticatorUrl }));
  });
  // Twice for each login: with a user name it sends the request to the phone, and without one, from
  // the waiting page, it finishes the login.
  app.post(
    '/login',
    requireStranger,
    auth.authenticate('launchkey', {
      successRedirect: '/',
      failureRedirect: '/login',
      failureMessage: true,
    }),
  );
  app.post(
    '/logout',
    handled(async (req, res, next) => {
      await login.logout(req);
      req.logout((error) => (error ? next(error) : res.redirect(303, '/login')));
    }),
  );

  app.use(
    '/account/phone/wait',
    link.waiting({ loginUrl: '/account/phone', successUrl: '/account', texts: LINKING_TEXTS }),
  );
  app.use('/account', requireLogin, accountRoutes({ accounts, auth, login }));
  app.use(passwordRoutes(accounts));

  app.use(showError);
  return app;
}

const showError: ErrorRequestHandler = (error, _req, res, next) => {
  if (res.headersSent) return next(error);
  // The status of a LaunchKeyError is the engine's answer to us, not ours to the browser.
  const status: number = error instanceof LaunchKeyError ? 503 : (error?.status ?? 500);
  if (status >= 500) console.error(error);
  res
    .status(status)
    .send(
      messagePage(
        status >= 500
          ? 'This does not work at the moment. Please try again later.'
          : 'The form could not be read.',
      ),
    );
};
