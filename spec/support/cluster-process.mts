/*
 * A program, run by cluster.spec.ts: one of several processes of an application. It takes its
 * settings from the environment, says on its standard output which port it listens on, and writes
 * down whom verify was asked about, before it answers.
 */
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RedisStore as SessionStore } from 'connect-redis';
import express, { type ErrorRequestHandler } from 'express';
import session from 'express-session';
import passport from 'passport';
import { LaunchKeyStrategy } from 'passport-launchkey';
import { RedisStore } from 'passport-launchkey/redis';
import { createClient } from 'redis';
import type { ProcessSettings, Verified } from './cluster.js';

const settings: ProcessSettings = JSON.parse(process.env.SETTINGS ?? '{}');

const client = createClient({ url: settings.redisUrl });
client.on('error', () => {});
await client.connect();

const strategy = new LaunchKeyStrategy(
  {
    ...settings.launchkey,
    answers: settings.answers,
    pending: 'redirect',
    waitUrl: '/login/wait',
    numberMatching: false,
    loginTimeout: settings.loginTimeout,
    context: (req) => String((req.body as { context?: unknown }).context),
    store: new RedisStore({ client, prefix: 'spec:launchkey:' }),
  },
  async (userHash, { authRequest, username }) => {
    const verified: Verified = { authRequest, userHash, username };
    appendFileSync(settings.verifiedFile, `${JSON.stringify(verified)}\n`);
    return { name: username };
  },
);
const auth = new passport.Passport();
auth.use(strategy);
auth.serializeUser((user, done) => done(null, user));
auth.deserializeUser((user, done) => done(null, user as Express.User));

const app = express();
app.all('/callback', strategy.callback());
app.use(
  session({
    secret: 'the same in all processes',
    resave: false,
    saveUninitialized: false,
    store: new SessionStore({ client, prefix: 'spec:session:', ttl: 600 }),
  }),
);
app.use(auth.session(), strategy.session());
app.use('/login/wait', strategy.waiting());
app.get('/', (req, res) => {
  res.json({ user: req.user ? Reflect.get(req.user, 'name') : null });
});
app.post('/login', express.urlencoded({ extended: false }), (req, res, next) => {
  const answer = (error: unknown, user: false | Express.User, info: { code: string }) => {
    if (error) return next(error);
    if (!user) return res.status(401).json({ code: info.code });
    return req.logIn(user, (failed) => (failed ? next(failed) : res.redirect(303, '/')));
  };
  auth.authenticate('launchkey', answer)(req, res, next);
});
const showError: ErrorRequestHandler = (error, _req, res, _next) => {
  res.status(500).json({ code: error?.code ?? error?.message });
};
app.use(showError);

const server = createServer(app).listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
