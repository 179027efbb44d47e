import { describe, expect, it } from 'vitest';
import { logIn, loginApp, serve } from './support/app.js';
import { EngineProxy } from './support/proxy.js';
import { nextRequest, recordingStrategy, startWorld, type World } from './support/world.js';

type Overrides = NonNullable<Parameters<typeof recordingStrategy>[1]>;

const DENIED = {
  user: false,
  status: 401,
  info: { code: 'denied', message: 'The login was denied.' },
};

/** An application whose users log in with e-mail addresses. */
async function serveEmails(overrides: Overrides, users = ['alice', 'bobby']) {
  const world = await startWorld({ users });
  const proxy = await new EngineProxy(world.engine.url).start();
  const { strategy, verified } = recordingStrategy(world, {
    apiBaseUrl: `${proxy.url}/v1`,
    ...overrides,
  });
  return { world, proxy, verified, url: await serve(loginApp(strategy)) };
}

/** Logs in, and answers the request that the phone of `user` shows. */
async function logInAs(world: World, url: string, typed: string, user = 'alice') {
  const login = logIn(url, { username: typed });
  await world.engine.answer(await nextRequest(world.engine, user), true);
  return login;
}

/** The user hash of a user, by a login with the plain name. */
async function hashOf(world: World, user: string): Promise<string> {
  const { strategy, verified } = recordingStrategy(world);
  await logInAs(world, await serve(loginApp(strategy)), user, user);
  for (const { authRequest } of await world.engine.sessions(user)) {
    await strategy.client.logout(authRequest);
  }
  return verified[0] ?? '';
}

describe('resolveUser', () => {
  const emails: Overrides = {
    resolveUser: async (typed) => (typed === 'alice@example.com' ? 'alice' : null),
  };

  it('names the user to ask for an e-mail address, and verify gets what was typed', async () => {
    const usernames: string[] = [];
    const { world, url, verified } = await serveEmails({
      resolveUser: (typed) => {
        usernames.push(typed);
        return 'alice';
      },
    });
    expect(await logInAs(world, url, ' alice@example.com ')).toMatchObject({
      user: { id: expect.any(String) },
    });
    expect(verified).toHaveLength(1);
    expect(usernames).toEqual(['alice@example.com']);
  });

  it('makes a user unknown by null or undefined, without a push', async () => {
    for (const resolveUser of [emails.resolveUser, () => undefined]) {
      const { url, proxy } = await serveEmails({ resolveUser });
      expect(await logIn(url, { username: 'carol@example.com' })).toMatchObject(DENIED);
      expect(proxy.of('/auths')).toEqual([]);
    }
  });

  it('hides an unknown user where concealUsers does', async () => {
    const { url, proxy } = await serveEmails({
      ...emails,
      concealUsers: true,
      loginTimeout: 500,
    });
    const ended = await logIn(url, { username: 'carol@example.com' });
    expect(ended).toMatchObject({ info: { code: 'expired' } });
    expect(proxy.of('/auths')).toEqual([]);
  });

  it('gets the request, and ends the login in what it throws', async () => {
    const { url, proxy } = await serveEmails({
      resolveUser: (_typed, req) => {
        throw new Error(`No database for ${req.body.username}`);
      },
    });
    const seen = await logIn(url, { username: 'alice@example.com' });
    expect(seen.error).toMatchObject({ message: 'No database for alice@example.com' });
    expect(proxy.of('/auths')).toEqual([]);
  });

  it.each([
    ['a number', 7],
    ['an empty name', ''],
    ['no name', { userHash: 'hash' }],
    ['a user hash that is a number', { name: 'alice', userHash: 7 }],
  ])('ends the login in a configuration error if it returns %s', async (_, result) => {
    const { url, proxy } = await serveEmails({ resolveUser: (() => result) as never });
    const { error } = await logIn(url);
    expect(error).toMatchObject({ name: 'ConfigurationError' });
    expect(error?.message).toMatch(/resolveUser/);
    expect(proxy.of('/auths')).toEqual([]);
  });

  it('limits the pending logins of one user, whatever was typed for the name', async () => {
    const { world, url } = await serveEmails({ resolveUser: () => 'alice', maxPendingPerUser: 1 });
    const first = logIn(url, { username: 'alice@example.com' });
    const request = await nextRequest(world.engine);
    const second = await logIn(url, { username: 'alice@example.net' });
    expect(second).toMatchObject({ info: { code: 'rate_limited' } });
    await world.engine.answer(request, true);
    expect(await first).toMatchObject({ user: {} });
  });

  it('refuses an approval by another user than it named, and ends the session of it', async () => {
    const { world, url, verified } = await serveEmails({
      resolveUser: async () => ({ name: 'bobby', userHash: 'the hash of alice' }),
    });
    const ended = await logInAs(world, url, 'alice@example.com', 'bobby');
    expect(ended).toMatchObject({ user: false, status: 401, info: { code: 'unverified' } });
    expect(verified).toEqual([]);
    expect(await world.engine.sessions('bobby')).toEqual([]);
  });

  it('lets the user in whom it named by the user hash', async () => {
    const world = await startWorld();
    const userHash = await hashOf(world, 'alice');
    const { strategy, verified } = recordingStrategy(world, {
      resolveUser: async () => ({ name: 'alice', userHash }),
    });
    const url = await serve(loginApp(strategy));
    expect(await logInAs(world, url, 'alice@example.com')).toMatchObject({
      user: { id: userHash },
    });
    expect(verified).toEqual([userHash]);
    expect(await world.engine.sessions('alice')).toHaveLength(1);
  });
});

describe('a user name', () => {
  it.each([
    ['with white space at its ends', '\u00a0 alice\t', 'alice'],
    ['with decomposed letters', 'Jose\u0301', 'Jos\u00e9'],
  ])('%s is the name without', async (_, typed, name) => {
    const { world, proxy, url } = await serveEmails({}, ['alice', 'Jos\u00e9']);
    expect(await logInAs(world, url, typed, name)).toMatchObject({
      user: { id: expect.any(String) },
    });
    const [call] = proxy.of('/auths');
    expect(call?.form.get('username')).toBe(name);
  });

  it('of white space alone is missing', async () => {
    const { url } = await serveEmails({});
    expect(await logIn(url, { username: ' \t' })).toMatchObject({
      info: { code: 'missing_username' },
    });
  });
});
