import express from 'express';
import session from 'express-session';
import passport from 'passport';
import { describe, expect, it } from 'vitest';
import { logIn, loginApp, serve } from './support/app.js';
import { EngineProxy } from './support/proxy.js';
import { recordingStrategy, startWorld } from './support/world.js';

type Overrides = Parameters<typeof recordingStrategy>[1];

/** What the outside sees of an answer, but for what is random in each. */
async function outside(response: Response) {
  const body = (await response.text())
    .replace(/[\w-]{43}/g, 'HANDLE')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .replace(/"number":\d\d/g, '"number":NN');
  const headers = Object.fromEntries(response.headers);
  for (const name of ['date', 'set-cookie', 'etag']) delete headers[name];
  if (headers.location) headers.location = headers.location.replace(/[\w-]{43}/, 'HANDLE');
  return { status: response.status, headers, body };
}

describe('concealUsers', () => {
  async function start(overrides: Overrides) {
    const world = await startWorld({ users: ['alice'] });
    await world.engine.createUser('nodevice', { device: false });
    const proxy = await new EngineProxy(world.engine.url).start();
    const { strategy, verified } = recordingStrategy(world, {
      apiBaseUrl: `${proxy.url}/v1`,
      concealUsers: true,
      ...overrides,
    });
    return { world, proxy, strategy, verified };
  }

  it.each<[string, Overrides]>([
    ['redirect', { pending: 'redirect', waitUrl: '/wait' }],
    ['accept', { pending: 'accept', longPoll: 0, numberMatching: true }],
  ])('makes strangers look like users who do not answer, with %s', async (_mode, overrides) => {
    const { strategy, verified } = await start(overrides);
    const auth = new passport.Passport();
    const app = express();
    app.use(session({ secret: 'test', resave: false, saveUninitialized: false }));
    app.use(express.urlencoded({ extended: false }));
    app.post('/login', (req, res, next) => {
      const answer: passport.AuthenticateCallback = (error, _user, info, status) =>
        error ? next(error) : res.status(Number(status)).json(info);
      auth.authenticate(strategy, answer)(req, res, next);
    });
    const url = await serve(app);
    const seen = await Promise.all(
      ['alice', 'nobody', 'nodevice', 'not<a>name'].map(async (username) => {
        const begun = await fetch(`${url}/login`, {
          method: 'POST',
          body: new URLSearchParams({ username }),
          redirect: 'manual',
        });
        const cookie = begun.headers.getSetCookie()[0]?.split(';')[0] ?? '';
        const again = await fetch(`${url}/login`, {
          method: 'POST',
          headers: { cookie },
          redirect: 'manual',
        });
        return [await outside(begun), await outside(again)];
      }),
    );
    const [alice, ...others] = seen;
    for (const other of others) expect(other).toEqual(alice);
    expect(verified).toEqual([]);
  });

  it('holds a stranger for as long as a user who does not answer', async () => {
    const { strategy, proxy } = await start({ loginTimeout: 300 });
    const url = await serve(loginApp(strategy));
    const seen = await Promise.all([logIn(url), logIn(url, { username: 'nobody' })]);
    expect(seen[0]).toMatchObject({ info: { code: 'expired' } });
    expect(seen[1]).toEqual(seen[0]);
    expect(proxy.of('/poll')).toHaveLength(1);
  });

  it('also conceals that a user was asked too often', async () => {
    const world = await startWorld({ rateLimit: undefined });
    const { strategy } = recordingStrategy(world, { concealUsers: true, loginTimeout: 300 });
    const url = await serve(loginApp(strategy));
    const seen = await Promise.all([logIn(url), logIn(url)]);
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[0]).toMatchObject({ info: { code: 'expired' } });
  });

  it('still tells an engine that is away from a user who is not there', async () => {
    const { strategy, proxy } = await start({});
    proxy.intercept = () => ({ status: 502, body: 'bad gateway' });
    const seen = await logIn(await serve(loginApp(strategy)), { username: 'nobody' });
    expect(seen).toMatchObject({ error: { name: 'EngineError' } });
  });
});
