import { Router } from 'express';
import type passport from 'passport';
import type { LaunchKeyStrategy } from 'passport-launchkey';
import type { Account, Accounts } from './accounts.js';
import { handled } from './guards.js';
import { takeMessage } from './messages.js';
import { accountPage, linkPage } from './pages.js';
import { hashPassword } from './password.js';
import { type Credentials, readCredentials } from './password-routes.js';

interface Parts {
  accounts: Accounts;
  auth: InstanceType<typeof passport.Passport>;
  login: LaunchKeyStrategy;
}

/** The account's own pages: how it can be logged in to. They stand behind `requireLogin`. */
export function accountRoutes({ accounts, auth, login }: Parts): Router {
  const router = Router();

  router.get('/', (req, res) => {
    const ways = accounts.waysToLogIn((req.user as Account).id);
    res.send(accountPage(ways, { message: takeMessage(req.session) }));
  });

  router.get('/phone', (req, res) => {
    res.send(linkPage({ message: takeMessage(req.session) }));
  });
  // As with the login: once to send the request, and once, from the waiting page, to finish.
  router.post(
    '/phone',
    auth.authorize('launchkey-link', { failureRedirect: '/account/phone', failureMessage: true }),
    (_req, res) => res.redirect(303, '/account'),
  );

  router.post(
    '/phone/unlink',
    handled(async (req, res) => {
      if (accounts.unlink((req.user as Account).id)) {
        // The phone has no say in this browser any more, so it should not show a session either.
        await login.logout(req);
        return res.redirect(303, '/account');
      }
      const ways = accounts.waysToLogIn((req.user as Account).id);
      const message = ways.phone
        ? 'The phone is the only way to log in to this account. Add a password first.'
        : 'No phone is linked to this account.';
      return res.status(409).send(accountPage(ways, { message }));
    }),
  );

  router.post(
    '/password',
    handled(async (req, res) => {
      const { id } = req.user as Account;
      const refuse = (status: number, message: string, { email }: Partial<Credentials> = {}) =>
        res.status(status).send(accountPage(accounts.waysToLogIn(id), { message, email }));
      const credentials = readCredentials(req.body);
      if ('problem' in credentials) return refuse(400, credentials.problem, credentials);
      const hash = await hashPassword(credentials.password);
      return accounts.addPassword(id, credentials.email, hash)
        ? res.redirect(303, '/account')
        : refuse(409, 'This address, or your account, has a password already.', credentials);
    }),
  );

  return router;
}
