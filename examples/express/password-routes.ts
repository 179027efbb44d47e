import { Router } from 'express';
import type { Accounts } from './accounts.js';
import { handled, requireStranger } from './guards.js';
import { passwordPage, signUpPage } from './pages.js';
import { hashPassword, isPassword } from './password.js';

/** What the forms with a password hold. */
export interface Credentials {
  email: string;
  password: string;
}

/** Accounts without a phone: they are made and logged in to with a password. */
export function passwordRoutes(accounts: Accounts): Router {
  const router = Router();

  router.get('/login/password', requireStranger, (_req, res) => {
    res.send(passwordPage());
  });
  router.post(
    '/login/password',
    requireStranger,
    handled(async (req, res, next) => {
      const { email, password } = fields(req.body);
      const account = accounts.findByEmail(email);
      const right = await isPassword(password, account?.password);
      if (!account || !right) {
        const message = 'The address or the password is wrong.';
        return res.status(401).send(passwordPage({ message, email }));
      }
      return req.logIn({ id: account.id, name: account.name }, (error) =>
        error ? next(error) : res.redirect(303, '/'),
      );
    }),
  );

  router.get('/signup', requireStranger, (_req, res) => {
    res.send(signUpPage());
  });
  router.post(
    '/signup',
    requireStranger,
    handled(async (req, res, next) => {
      const credentials = readCredentials(req.body);
      if ('problem' in credentials) {
        const { problem: message, email } = credentials;
        return res.status(400).send(signUpPage({ message, email }));
      }
      const { email, password } = credentials;
      const account = accounts.create(email, await hashPassword(password));
      if (!account) {
        const message = 'There is an account with this address already.';
        return res.status(409).send(signUpPage({ message, email }));
      }
      return req.logIn(account, (error) => (error ? next(error) : res.redirect(303, '/account')));
    }),
  );

  return router;
}

/** The fields of a form for a new password, or what is wrong with them. */
export function readCredentials(body: unknown): Credentials | { email: string; problem: string } {
  const { email, password } = fields(body);
  if (email.length > 254 || !/^[^\s@]+@[^\s@]+$/.test(email)) {
    return { email, problem: 'Please enter an e-mail address, such as ann@example.com.' };
  }
  if (password.length < 8) {
    return { email, problem: 'Please choose a password of at least 8 characters.' };
  }
  return { email, password };
}

/** A form may hold anything at all, or a field twice. */
function fields(body: unknown): Credentials {
  const { email, password } = (body ?? {}) as Record<string, unknown>;
  return {
    email: typeof email === 'string' ? email.trim() : '',
    password: typeof password === 'string' ? password : '',
  };
}
