import express, { type Express } from 'express';
import session from 'express-session';
import passport from 'passport';
import type { LaunchKeyStrategy, WaitingOptions } from 'passport-launchkey';
import { type Place, takePlace } from './app.js';

/** An application with a waiting page, and what it has done. */
export interface WaitingApp {
  url: string;
  /** How often a session was written to the store. */
  writes(): number;
}

interface Settings {
  /** Where it is served; by default at a free port. */
  place?: Place;
  waiting?: WaitingOptions;
  /** How the page is mounted. */
  mount?: 'use' | 'all';
  /** Put in front of the page. */
  before?: express.Handler[];
  /** More routes. */
  extend?: (app: Express) => void;
}

/**
 * An application as its developer would write it: a login form, a protected page, and the waiting page
 * between them.
 */
export async function serveWaiting(
  strategy: LaunchKeyStrategy,
  { place, waiting, mount = 'use', before = [], extend }: Settings = {},
): Promise<WaitingApp> {
  const auth = new passport.Passport();
  auth.use(strategy);
  auth.serializeUser((user, done) => done(null, user));
  auth.deserializeUser((user, done) => done(null, user as Express.User));
  let writes = 0;
  const store = new session.MemoryStore();
  const set = store.set.bind(store);
  store.set = (...args) => {
    writes++;
    set(...args);
  };
  const app = express();
  app.all('/callback', strategy.callback());
  app.use(session({ secret: 'test', resave: false, saveUninitialized: false, store }));
  app.use(auth.session());
  app.use(strategy.session());
  app[mount]('/login/wait', ...before, strategy.waiting(waiting));
  app.use(express.urlencoded({ extended: false }));
  app.get('/', (req, res) => {
    res.send(page('Home', req.user ? `Hello, ${Reflect.get(req.user, 'id')}` : 'Not logged in'));
  });
  app.get('/login', (_req, res) => {
    res.send(
      page(
        'Log in',
        '<form method="post"><label>User name <input name="username"></label><button>Log in</button></form>',
      ),
    );
  });
  app.post(
    '/login',
    auth.authenticate('launchkey', { successRedirect: '/', failureRedirect: '/login' }),
  );
  extend?.(app);
  const { url, serve } = place ?? (await takePlace());
  serve(app);
  return { url, writes: () => writes };
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><title>${title}</title><link rel="icon" href="data:,"><main><h1>${title}</h1><p>${body}</p></main></html>`;
}
