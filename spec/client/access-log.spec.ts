import { describe, expect, it } from 'vitest';
import { LaunchKeyClient } from '../../lib/client/client.js';
import { logIn, loginApp, serve } from '../support/app.js';
import { EngineProxy } from '../support/proxy.js';
import { nextRequest, recordingStrategy, startWorld } from '../support/world.js';

/** An engine behind a proxy that writes an access log. */
async function loggedWorld() {
  const world = await startWorld();
  const proxy = await new EngineProxy(world.engine.url).start();
  return { world, proxy, options: { ...world.options, apiBaseUrl: `${proxy.url}/v1` } };
}

/** Every value of an envelope and every token that the application sent, in body or URL. */
function credentials({ calls }: EngineProxy): Set<string> {
  const names = ['secret_key', 'signature', 'auth_request'];
  const sent = calls.flatMap(({ path, form, query }) =>
    names.flatMap((name) => [
      ...form.getAll(name),
      // The signature of a white label call travels in the query. It fits its own body only.
      ...(path.startsWith('/v1/users') && name === 'signature' ? [] : query.getAll(name)),
    ]),
  );
  return new Set(sent);
}

/** What the log must look like after a call of each kind; nothing but this may be in a URL. */
const ALLOWED_TARGETS = [
  /^\/v1\/ping$/,
  /^\/v1\/auths$/,
  /^\/v1\/poll\?METHOD=GET$/,
  /^\/v1\/logs$/,
  /^\/v1\/users(\/devices)?\?signature=[A-Za-z0-9%.*_-]+$/,
];

function expectNoCredentials(proxy: EngineProxy): void {
  const log = proxy.accessLog.join('\n');
  const secrets = credentials(proxy);
  expect(secrets.size).toBeGreaterThan(0);
  for (const secret of secrets) {
    expect(log).not.toContain(secret);
    expect(log).not.toContain(encodeURIComponent(secret));
  }
  for (const line of proxy.accessLog) {
    const target = /"[A-Z]+ (\S+) HTTP/.exec(line)?.[1] ?? '';
    expect(
      ALLOWED_TARGETS.some((allowed) => allowed.test(target)),
      line,
    ).toBe(true);
  }
}

/** The paths in the log, each once. */
const loggedPaths = ({ accessLog }: EngineProxy) =>
  [...new Set(accessLog.map((line) => /\/v1(\/\w+)/.exec(line)?.[1]))].sort();

describe('the access log of a proxy in front of the engine', () => {
  it('holds no credential and no token after calls of the client', async () => {
    const { world, proxy, options } = await loggedWorld();
    const client = new LaunchKeyClient(options);
    for (const approve of [true, false]) {
      const token = await client.authorize('alice', { context: 'Payroll' });
      expect(await client.pollRequest(token)).toBeNull();
      const held = client.pollRequest(token, { wait: 25 });
      await world.engine.answer(token, approve);
      const answer = await held;
      expect(await client.isAuthorized(token, answer?.auth ?? '')).toBe(approve);
      expect(await client.logout(token)).toBe(approve);
    }
    await client.createWhiteLabelUser('customer-7');
    await client.whiteLabelDevices('customer-7');
    expectNoCredentials(proxy);
    expect(loggedPaths(proxy)).toEqual(['/auths', '/logs', '/ping', '/poll', '/users']);
  });

  it('holds no credential and no token after logins and a logout of the strategy', async () => {
    const { world, proxy, options } = await loggedWorld();
    const { strategy } = recordingStrategy(world, options);
    const url = await serve(loginApp(strategy));
    for (const approve of [true, false]) {
      const login = logIn(url);
      await world.engine.answer(await nextRequest(world.engine), approve);
      expect((await login).user).toEqual(approve ? { id: expect.any(String) } : false);
    }
    const [token = ''] = proxy.of('/logs').map(({ form }) => form.get('auth_request') ?? '');
    expect(await strategy.client.logout(token)).toBe(true);
    expectNoCredentials(proxy);
    expect(loggedPaths(proxy)).toEqual(['/auths', '/logs', '/ping', '/poll']);
  });
});
