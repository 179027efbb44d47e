import express from 'express';
import passport from 'passport';
import { LaunchKeyStrategy, type LaunchKeyStrategyOptions } from 'passport-launchkey';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serve } from './support/app.js';
import { app as application, FakeEngine, SECRET } from './support/fake-engine.js';
import { nextRequest, startWorld } from './support/world.js';

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36';

/** An application behind a trusted proxy, whose `POST /login` starts a login. */
async function serveApplication(options: LaunchKeyStrategyOptions, trustProxy = true) {
  const auth = new passport.Passport();
  auth.use(new LaunchKeyStrategy(options, async () => false as const));
  const app = express();
  app.set('trust proxy', trustProxy);
  app.use(express.urlencoded({ extended: false }));
  app.post('/login', auth.authenticate('launchkey', { session: false }));
  return serve(app);
}

function logIn(url: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/login`, {
    method: 'POST',
    body: new URLSearchParams({ username: 'alice' }),
    headers: { 'user-agent': CHROME, ...headers },
  });
}

describe('the browser of a login', () => {
  it('is shown by the engine with its address and its program', async () => {
    const world = await startWorld();
    const url = await serveApplication({ ...world.options, knownBrowsers: false });
    const login = logIn(url, { 'x-forwarded-for': '203.0.113.7' });
    await nextRequest(world.engine);
    const [request] = await world.engine.requests('alice');
    expect(request?.browser).toEqual({ address: '203.0.113.7', name: 'Chrome', system: 'Windows' });
    await world.engine.answer(request?.authRequest ?? '', false);
    expect((await login).status).toBe(401);
  });
});

describe('the option requester', () => {
  let engine: FakeEngine;
  let features: string[] | undefined;
  beforeEach(async () => {
    engine = await FakeEngine.start();
    features = ['number_match', 'browser'];
    engine.on = ({ path }) =>
      path === '/ping' ? { body: { ...engine.ping(), features } } : undefined;
  });
  afterEach(() => engine.close());

  /** Logs in, and returns what the engine was sent of the browser. */
  async function sentBrowser(
    options: Partial<LaunchKeyStrategyOptions> = {},
    headers: Record<string, string> = {},
    trustProxy = true,
  ): Promise<unknown> {
    const url = await serveApplication(
      {
        apiBaseUrl: engine.url,
        knownBrowsers: false,
        appKey: 1234567890,
        secretKey: SECRET,
        privateKey: application.privateKey,
        ...options,
      },
      trustProxy,
    );
    const { status } = await logIn(url, headers);
    const call = engine.of('/auths').at(-1);
    if (!call) return status;
    const text = call.params.get('browser');
    return text === null ? null : JSON.parse(text);
  }

  it('sends the address of the host and the user agent by default', async () => {
    const forwarded = { 'x-forwarded-for': '203.0.113.7' };
    expect(await sentBrowser({}, forwarded)).toEqual({
      address: '203.0.113.7',
      user_agent: CHROME,
    });
    const { address } = (await sentBrowser({}, forwarded, false)) as { address: string };
    expect(address).toMatch(/^(::ffff:)?127\.0\.0\.1$/);
  });

  it('sends nothing if it is false', async () => {
    expect(await sentBrowser({ requester: false })).toBeNull();
  });

  it('sends nothing to an engine that does not name the feature', async () => {
    features = undefined;
    expect(await sentBrowser()).toBeNull();
    features = ['number_match'];
    expect(await sentBrowser()).toBeNull();
  });

  it('leaves out an address that is not an IP address, and shortens the user agent', async () => {
    const forwarded = { 'x-forwarded-for': 'unix:', 'user-agent': 'x'.repeat(1000) };
    expect(await sentBrowser({}, forwarded)).toEqual({ user_agent: 'x'.repeat(256) });
  });

  it('sends what its function returns, and nothing for an empty object', async () => {
    const requester = (req: express.Request) => ({ address: req.get('x-real-ip') });
    expect(await sentBrowser({ requester }, { 'x-real-ip': '2001:db8::7' })).toEqual({
      address: '2001:db8::7',
    });
    expect(await sentBrowser({ requester })).toBeNull();
  });

  it('ends the login in an error, without a push, if its function returns no object', async () => {
    const requester = (() => 'unknown') as never;
    expect(await sentBrowser({ requester })).toBe(500);
    expect(engine.of('/auths')).toHaveLength(0);
  });
});
