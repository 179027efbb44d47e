import express, { type ErrorRequestHandler, type Express } from 'express';
import session from 'express-session';
import passportModule from 'passport';
import { LaunchKeyError, LaunchKeyStrategy } from 'passport-launchkey';
import type { Account, Accounts } from './accounts.js';
import { homePage, loginPage, messagePage } from './pages.js';

declare module 'express-session' {
  interface SessionData {
    messages?: string[];
  }
}

/** What the application must be told; see demo.ts for a complete start. */
export interface AppOptions {
  accounts: Accounts;
  sessionSecret: string;
  /** Where the engine's API is, and who this application is to it. */
  launchkey: { apiBaseUrl: string; appKey: string; secretKey: string; privateKey: string };
  /** Shown on the login page of the demo: where to approve. */
  authenticatorUrl?: string;
}

export function createApp(options: AppOptions): Express {
  const { accounts } = options;
  const strategy = new LaunchKeyStrategy(
    {
      ...options.launchkey,
      pending: 'redirect',
      usernameField: 'email',
      // Who is asked for an address. With the user hash, only this user's approval counts.
      resolveUser: async (email) => {
        const account = await accounts.findByEmail(email);
        return account && { name: account.phoneName, userHash: account.userHash };
      },
    },
    async (userHash, { username: email }) => {
      const known = await accounts.findByUserHash(userHash);
      if (known) return known;
      // The first login of an account: the phone that was asked for it has approved.
      const account = await accounts.findByEmail(email);
      if (!account || account.userHash) return false;
      account.userHash = userHash;
      return account;
    },
  );

  const passport = new passportModule.Passport();
  passport.use(strategy);
  passport.serializeUser((account, done) => done(null, (account as Account).email));
  passport.deserializeUser((email: string, done) => {
    accounts.findByEmail(email).then((account) => done(null, account ?? false), done);
  });

  const app = express();
  app.use(
    session({
      secret: options.sessionSecret,
      resave: false,
      saveUninitialized: false,
      cookie: { sameSite: 'lax', secure: 'auto' },
    }),
  );
  app.use(passport.session(), strategy.session());
  app.use('/launchkey', strategy.handler());
  app.get('/', (req, res) => {
    if (req.user) res.send(homePage((req.user as Account).email));
    else res.redirect('/login');
  });
  app.get('/login', (req, res) => {
    const message = req.session.messages?.pop();
    res.send(loginPage({ message, authenticatorUrl: options.authenticatorUrl }));
  });
  app.post(
    '/login',
    express.urlencoded({ extended: false }),
    passport.authenticate('launchkey', {
      successRedirect: '/',
      failureRedirect: '/login',
      failureMessage: true,
    }),
  );
  app.post('/logout', (req, res, next) => {
    const logOut = () => req.logout((error) => (error ? next(error) : res.redirect('/login')));
    strategy.logout(req).then(logOut, next);
  });
  app.use(showError);
  return app;
}

const showError: ErrorRequestHandler = (error, _req, res, _next) => {
  console.error(error);
  // The status of a LaunchKeyError is the engine's answer to us, not ours to the browser.
  res.status(error instanceof LaunchKeyError ? 503 : 500);
  res.send(messagePage('Logging in does not work at the moment. Please try again later.'));
};
