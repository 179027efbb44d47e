/*
 * A program, run by many-logins.spec.ts: 200 logins at once through one application, answered in
 * every way, and then nothing may be left that keeps the process alive. It never calls exit().
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { startEngine } from 'launchkey-engine';
import passport from 'passport';
import { LaunchKeyStrategy } from 'passport-launchkey';

const LOGINS = 200;
const users = Array.from({ length: LOGINS }, (_, n) => `user${n}`);

const server = createServer();
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

let offset = 0;
const engine = await startEngine({ port: 0, clock: () => Date.now() + offset });
for (const user of users) await engine.createUser(user);
const app = await engine.createApp({ name: 'Many', callbackUrl: `${url}/callback` });

const verified: [userHash: string, username: string][] = [];
const strategy = new LaunchKeyStrategy(
  {
    apiBaseUrl: `${engine.url}/v1`,
    appKey: app.appKey,
    secretKey: app.secretKey,
    privateKey: app.privateKey,
    answers: 'both',
  },
  async (userHash, { username }) => {
    verified.push([userHash, username]);
    return { id: username };
  },
);

const web = express();
web.all('/callback', strategy.callback());
web.use(express.urlencoded({ extended: false }));
web.post('/login', (req, res, next) => {
  passport.authenticate(
    strategy,
    (error: unknown, user?: { id?: string } | false | null, info?: { code?: string }) =>
      error ? next(error) : res.json({ user: user ? user.id : null, code: info?.code ?? null }),
  )(req, res, next);
});
server.on('request', web);

const logIn = async (username: string) => {
  const body = new URLSearchParams({ username });
  const response = await fetch(`${url}/login`, { method: 'POST', body });
  return (await response.json()) as { user: string | null; code: string | null };
};
const nextRequest = async (user: string) => {
  for (;;) {
    const [request] = await engine.requests(user);
    if (request) return request.authRequest;
    await new Promise(setImmediate);
  }
};

const seen = users.map(logIn);
const requests = await Promise.all(users.map(nextRequest));
await Promise.all(
  requests.map(async (authRequest, n) => {
    if (n % 4 < 2) await engine.answer(authRequest, true);
    else if (n % 4 === 2) await engine.answer(authRequest, false);
  }),
);
// Those that were answered are let to finish; the last quarter is left to expire.
await Promise.all(seen.filter((_, n) => n % 4 < 3));
offset = 6 * 60_000;
const outcomes = await Promise.all(seen);

await new Promise((resolve) => {
  server.close(resolve);
  server.closeAllConnections();
});
await engine.close();

process.stdout.write(
  `${JSON.stringify({
    outcomes,
    verified,
    listeners: ['SIGINT', 'SIGTERM', 'exit', 'uncaughtException', 'unhandledRejection'].map(
      (event) => process.listenerCount(event),
    ),
  })}\n`,
);
// With everything closed and no timer left, only what cannot keep a process alive remains.
process.once('exit', () => {
  const left = process
    .getActiveResourcesInfo()
    .filter((name) => /Timeout|TCP|Immediate/.test(name));
  process.stdout.write(`${JSON.stringify({ left })}\n`);
});
