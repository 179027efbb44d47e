import { once } from 'node:events';
import {
  type LaunchKeyStrategy,
  type LaunchKeyStrategyOptionsWithoutRequest,
  MemoryStore,
  type WaitingRequest,
} from 'passport-launchkey';
import { describe, expect, it } from 'vitest';
import { EngineProxy } from '../support/proxy.js';
import { nextRequest, recordingStrategy, startWorld } from '../support/world.js';

async function start(overrides: Partial<LaunchKeyStrategyOptionsWithoutRequest> = {}) {
  const world = await startWorld();
  const proxy = await new EngineProxy(world.engine.url).start();
  const store = new MemoryStore();
  const { strategy } = recordingStrategy(world, {
    apiBaseUrl: `${proxy.url}/v1`,
    pending: 'redirect',
    waitUrl: '/login/wait',
    store,
    ...overrides,
  });
  return { world, proxy, store, strategy };
}

/** The request of a host without Node.js and Express. */
function request(session: object, fields: Partial<WaitingRequest> = {}): WaitingRequest {
  return { method: 'GET', url: '/login/wait', headers: {}, session, ...fields };
}

/** Calls the strategy like a host, and resolves to the action that it called. */
function act(strategy: LaunchKeyStrategy, req: WaitingRequest): Promise<[string, ...unknown[]]> {
  return new Promise((resolve, reject) => {
    const host = Object.create(strategy);
    for (const action of ['success', 'fail', 'redirect', 'pass']) {
      host[action] = (...args: unknown[]) => resolve([action, ...args]);
    }
    host.error = reject;
    host.authenticate(req, {});
  });
}

async function begin(strategy: LaunchKeyStrategy, session: object): Promise<string> {
  const [, url] = await act(
    strategy,
    request(session, { method: 'POST', body: { username: 'alice' } }),
  );
  return String(url);
}

describe('handleWaiting()', () => {
  it('returns the page, the status and the assets, and waits for the login', async () => {
    const { world, strategy } = await start();
    const session = {};
    const url = await begin(strategy, session);
    const options = { loginUrl: '/in' };
    const page = await strategy.handleWaiting(request(session, { url }), options);
    expect(page.status).toBe(200);
    expect(page.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    });
    expect(page.body).toContain('action="/in"');
    const script = await strategy.handleWaiting(request({}, { url: '/x?asset=waiting.js' }));
    expect(script.headers['content-type']).toMatch('text/javascript');
    await world.engine.answer(await nextRequest(world.engine), true);
    const status = await strategy.handleWaiting(
      request(session, {
        url: `https://app.example.com${url}`,
        headers: { accept: 'application/json', prefer: 'wait=20' },
      }),
    );
    expect(JSON.parse(status.body)).toMatchObject({ state: 'answered' });
  });

  it('passes the host’s request to the functions among the options', async () => {
    const { strategy } = await start();
    const session = {};
    const req = request(session, { url: await begin(strategy, session) });
    const seen: unknown[] = [];
    const keep = (of: unknown) => {
      seen.push(of);
      return {};
    };
    await strategy.handleWaiting(req, { texts: keep, fields: keep });
    expect(seen).toHaveLength(2);
    for (const each of seen) expect(each).toBe(req);
  });

  it('stops waiting when the signal of the request is aborted', async () => {
    const { proxy, strategy } = await start();
    const session = {};
    const url = await begin(strategy, session);
    const gone = new AbortController();
    const polled = proxy.next('/poll');
    const status = strategy.handleWaiting(
      request(session, { url, headers: { accept: 'application/json' }, signal: gone.signal }),
    );
    await polled;
    const dropped = once(proxy, 'dropped');
    gone.abort();
    expect(await status).toMatchObject({ status: 499, body: '' });
    await dropped;
    const late = strategy.handleWaiting(
      request(session, { url, headers: { accept: 'application/json' }, signal: gone.signal }),
    );
    expect(await late).toMatchObject({ status: 499 });
  });

  it.each<[string, (action: string) => Partial<WaitingRequest>]>([
    ['parsed', (action) => ({ body: { action } })],
    ['as text', (action) => ({ body: new URLSearchParams({ action }).toString() })],
    ['as bytes', (action) => ({ body: Buffer.from(`action=${action}`) })],
  ])('cancels by a form that the host has read, %s', async (_how, body) => {
    const { strategy } = await start();
    const session = {};
    const url = await begin(strategy, session);
    const post = { method: 'POST', url };
    expect(await strategy.handleWaiting(request(session, post))).toMatchObject({ status: 400 });
    const other = request(session, { ...post, ...body('else') });
    expect(await strategy.handleWaiting(other)).toMatchObject({ status: 400 });
    const foreign = { ...post, ...body('cancel'), headers: { 'sec-fetch-site': 'cross-site' } };
    expect(await strategy.handleWaiting(request(session, foreign))).toMatchObject({ status: 403 });
    const cancel = request(session, { ...post, ...body('cancel') });
    expect(await strategy.handleWaiting(cancel)).toMatchObject({
      status: 303,
      headers: { location: '/login' },
    });
    const page = await strategy.handleWaiting(request(session, { url }));
    expect(page.body).toContain('<section data-section="denied">');
  });

  it('shows a login only to the session that began it', async () => {
    const { strategy } = await start();
    const url = await begin(strategy, {});
    expect(await strategy.handleWaiting(request({}, { url }))).toMatchObject({ status: 404 });
  });

  it('rejects without a session, and for unusable options', async () => {
    const { strategy } = await start();
    await expect(
      strategy.handleWaiting({ method: 'GET', url: '/login/wait', headers: {} }),
    ).rejects.toMatchObject({ name: 'ConfigurationError' });
    await expect(
      strategy.handleWaiting(request({}), { loginUrl: 'javascript:alert(1)' }),
    ).rejects.toThrow('loginUrl');
  });
});

describe('checkSession()', () => {
  /** A browser that was logged in by a login with a LaunchKey session. */
  async function loggedIn() {
    const { world, store, strategy } = await start();
    const session: Record<string, unknown> = {};
    const url = await begin(strategy, session);
    await world.engine.answer(await nextRequest(world.engine), true);
    const finish = request(session, {
      method: 'POST',
      body: { request: new URL(url, 'http://app').searchParams.get('request') },
    });
    const logIn = async () => {};
    const host = Object.assign(finish, { logIn });
    // The status is requested first, so that the answer is recorded.
    await strategy.handleWaiting(request(session, { url }));
    const [action, user] = await act(strategy, host);
    expect(action).toBe('success');
    await (host.logIn as (user: unknown) => Promise<void>)(user);
    const end = () => store.endSessions((user as { id: string }).id, Number.MAX_SAFE_INTEGER);
    return { strategy, session, end, store };
  }

  it('lets a browser continue whose session is open, and one without a session', async () => {
    const { strategy, session } = await loggedIn();
    const logout = () => expect.unreachable();
    expect(await strategy.checkSession(Object.assign(request(session), { logout }))).toBe(true);
    expect(await strategy.checkSession(request({}))).toBe(true);
  });

  it.each<[string, (out: () => void) => unknown]>([
    [
      'calls back',
      (out) => (done: () => void) =>
        setImmediate(() => {
          out();
          done();
        }),
    ],
    [
      'takes options and calls back',
      (out) => (options: unknown, done?: () => void) =>
        setImmediate(() => {
          out();
          (typeof options === 'function' ? options : done)?.();
        }),
    ],
    ['returns a promise', (out) => async () => out()],
    ['is done when it returns', (out) => () => out()],
  ])('logs out once if the host’s logout() %s', async (_how, make) => {
    const { strategy, session, end } = await loggedIn();
    await end();
    let logouts = 0;
    const logout = make(() => {
      logouts++;
    });
    expect(await strategy.checkSession(Object.assign(request(session), { logout }))).toBe(false);
    expect(logouts).toBe(1);
    expect(await strategy.checkSession(Object.assign(request(session), { logout }))).toBe(true);
    expect(logouts).toBe(1);
  });

  it.each<[string, unknown]>([
    ['calls back', (done: (error: Error) => void) => done(new Error('no logout'))],
    ['rejects', async () => Promise.reject(new Error('no logout'))],
  ])('lets no request continue if logout() fails: it %s', async (_how, logout) => {
    const { strategy, session, end } = await loggedIn();
    await end();
    const req = Object.assign(request(session), { logout });
    await expect(strategy.checkSession(req)).rejects.toThrow('no logout');
    // The next request must not continue either.
    await expect(strategy.checkSession(req)).rejects.toThrow('no logout');
  });

  it('lets no request continue while the store is away, or without logout()', async () => {
    const { strategy, session, store } = await loggedIn();
    await expect(strategy.checkSession(request(session))).rejects.toThrow('logout()');
    store.getSession = async () => Promise.reject(new Error('store away'));
    const req = Object.assign(request(session), { logout: () => expect.unreachable() });
    await expect(strategy.checkSession(req)).rejects.toThrow('store away');
  });
});
