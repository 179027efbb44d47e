import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LaunchKeyClient } from '../../lib/client/client.js';
import { CommunicationError, InvalidCallbackError } from '../../lib/errors.js';
import { app, FakeEngine, packageFor, TOKEN } from '../support/fake-engine.js';
import { makePair } from '../support/keys.js';

const MINUTE = 60_000;
const realNow = performance.now.bind(performance);

let engine: FakeEngine;
let client: LaunchKeyClient;
let moved: number;

beforeEach(async () => {
  engine = await FakeEngine.start();
  client = engine.client();
  moved = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => realNow() + moved);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await engine.close();
});

const pings = () => engine.of('/ping').length;

/** A logout as the engine sends it, `age` milliseconds ago. */
function logout(age = 0, pair = engine.key): { deorbit: string; signature: string } {
  const time = engine.time(engine.now() - age);
  const deorbit = JSON.stringify({ launchkey_time: time, user_hash: 'user-hash' });
  return { deorbit, signature: engine.sign(deorbit, pair) };
}

describe('a logout event', () => {
  it('is accepted with the signature of the engine', async () => {
    const { deorbit, signature } = logout();
    expect(await client.clear(deorbit, signature)).toBe('user-hash');
    expect(await client.deorbit(deorbit, signature)).toBe('user-hash');
    expect(await client.handleCallback({ deorbit, signature })).toEqual({
      type: 'logout',
      userHash: 'user-hash',
      time: expect.any(Date),
    });
  });

  it('is accepted under the name clear', async () => {
    const { deorbit, signature } = logout();
    const event = await client.handleCallback({ clear: deorbit, signature });
    expect(event).toMatchObject({ type: 'logout', userHash: 'user-hash' });
  });

  it('has a time in whole engine seconds', async () => {
    const { deorbit, signature } = logout(MINUTE);
    const event = await client.handleCallback(new URLSearchParams({ deorbit, signature }));
    const said = JSON.parse(deorbit).launchkey_time.replace(' ', 'T');
    expect(event).toMatchObject({ time: new Date(`${said}Z`) });
  });

  it('is accepted with api_time', async () => {
    const time = new Date(Math.floor(engine.now() / 1000) * 1000);
    const text = JSON.stringify({ api_time: time.toISOString(), user_hash: 'user-hash' });
    expect(await client.handleCallback({ deorbit: text, signature: engine.sign(text) })).toEqual({
      type: 'logout',
      userHash: 'user-hash',
      time,
    });
  });

  it('is verified as it was received, or without \\r', async () => {
    const text = JSON.stringify(JSON.parse(logout().deorbit), null, 1).replaceAll('\n', '\r\n');
    expect(await client.clear(text, engine.sign(text))).toBe('user-hash');
    expect(await client.clear(text, engine.sign(text.replaceAll('\r', '')))).toBe('user-hash');
  });

  it('is verified with line breaks in the signature, and with blanks for plus signs', async () => {
    for (let n = 0; n < 3; n++) {
      const { deorbit, signature } = logout(n * 1000);
      const lines = signature.replace(/.{64}/g, '$&\r\n');
      expect(await client.clear(deorbit, lines)).toBe('user-hash');
      expect(await client.clear(deorbit, signature.replaceAll('+', ' '))).toBe('user-hash');
    }
  });

  it('is compared with the clock of the engine, which is three hours off', async () => {
    engine.now = () => Date.now() - 180 * MINUTE;
    const fresh = logout(4 * MINUTE);
    expect(await client.clear(fresh.deorbit, fresh.signature)).toBe('user-hash');
    const stale = logout(6 * MINUTE);
    await expect(client.clear(stale.deorbit, stale.signature)).rejects.toThrow(
      InvalidCallbackError,
    );
  });

  it.each<[string, number]>([
    ['six minutes old', 6 * MINUTE],
    ['a day old', 1440 * MINUTE],
    ['six minutes ahead', -6 * MINUTE],
  ])('is refused when it is %s', async (_, age) => {
    const { deorbit, signature } = logout(age);
    await expect(client.clear(deorbit, signature)).rejects.toThrow(InvalidCallbackError);
    await expect(client.handleCallback({ deorbit, signature })).rejects.toThrow(/five minutes/);
  });

  it.each<[string, (event: ReturnType<typeof logout>) => Record<string, unknown>]>([
    [
      'altered',
      ({ deorbit, signature }) => ({ deorbit: deorbit.replace('user', 'User'), signature }),
    ],
    ['longer', ({ deorbit, signature }) => ({ deorbit: `${deorbit} `, signature })],
    ['signed by another', () => logout(0, makePair())],
    ['signed by the application itself', () => logout(0, app)],
    ['without signature', ({ deorbit }) => ({ deorbit })],
    ['with an empty signature', ({ deorbit }) => ({ deorbit, signature: '' })],
    ['with no base64 as signature', ({ deorbit }) => ({ deorbit, signature: '*' })],
    ['with a huge signature', ({ deorbit }) => ({ deorbit, signature: 'A'.repeat(10_000) })],
    [
      'with a list of signatures',
      ({ deorbit, signature }) => ({ deorbit, signature: [signature] }),
    ],
    ['with a list of texts', ({ deorbit, signature }) => ({ deorbit: [deorbit], signature })],
    ['under both names', ({ deorbit, signature }) => ({ deorbit, clear: deorbit, signature })],
    [
      'and an answer at once',
      (event) => ({ ...event, auth: 'a', auth_request: TOKEN, user_hash: 'u' }),
    ],
    ['empty', ({ signature }) => ({ deorbit: '', signature })],
  ])('is refused when it is %s', async (_, change) => {
    const params = change(logout());
    await expect(client.handleCallback(params)).rejects.toThrow(InvalidCallbackError);
  });

  it.each<[string, string]>([
    ['no JSON', 'user-hash'],
    ['a list', '["user-hash"]'],
    ['without user_hash', '{"launchkey_time":"TIME"}'],
    ['with an empty user_hash', '{"launchkey_time":"TIME","user_hash":""}'],
    ['with a number as user_hash', '{"launchkey_time":"TIME","user_hash":1}'],
    ['without time', '{"user_hash":"user-hash"}'],
    ['with an impossible time', '{"launchkey_time":"2013-02-30 00:00:00","user_hash":"user-hash"}'],
  ])('is refused when it is %s, although the engine signed it', async (_, form) => {
    const text = form.replace('TIME', engine.time());
    await expect(client.clear(text, engine.sign(text))).rejects.toThrow(InvalidCallbackError);
  });

  it('is refused when text or signature is not a string', async () => {
    await expect(client.clear(undefined as never, 'A')).rejects.toThrow(InvalidCallbackError);
    await expect(client.clear('{}', undefined as never)).rejects.toThrow(InvalidCallbackError);
  });
});

describe('an answer event', () => {
  const auth = packageFor();
  const answer = { auth, auth_request: TOKEN, user_hash: 'user-hash' };

  it('is read without a call to the engine', async () => {
    const params = { ...answer, organization_user: 'o', user_push_id: 'p', unknown: 'x' };
    const expected = {
      type: 'auth',
      authRequest: TOKEN,
      auth,
      userHash: 'user-hash',
      organizationUser: 'o',
      userPushId: 'p',
    };
    expect(await client.handleCallback(params)).toEqual(expected);
    expect(await client.handleCallback(new URLSearchParams(params))).toEqual(expected);
    const bare = await client.handleCallback(Object.assign(Object.create(null), answer));
    expect(bare).toEqual({ type: 'auth', authRequest: TOKEN, auth, userHash: 'user-hash' });
    expect(engine.calls).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a string', 'auth=1'],
    ['no parameters', {}],
    ['an array', [['auth', auth]]],
    ['no auth_request', { auth, user_hash: 'u' }],
    ['no user_hash', { auth, auth_request: TOKEN }],
    ['an empty user_hash', { ...answer, user_hash: '' }],
    ['an empty auth', { ...answer, auth: '' }],
    ['a list of user_hash', { ...answer, user_hash: ['u', 'v'] }],
    ['an object as auth', { ...answer, auth: { $ne: '' } }],
    ['a number as auth_request', { ...answer, auth_request: 1 }],
    ['a parameter twice', new URLSearchParams([...Object.entries(answer), ['user_hash', 'v']])],
    ['an auth that is too long', { ...answer, auth: 'A'.repeat(5000) }],
    ['a name that is too long', { ...answer, ['x'.repeat(100)]: '' }],
    [
      'too many parameters',
      { ...answer, ...Object.fromEntries([...'x'.repeat(40)].map((x, n) => [x + n, x])) },
    ],
    ['inherited parameters', Object.create(answer)],
  ])('is refused with %s', async (_, params) => {
    await expect(client.handleCallback(params as never)).rejects.toThrow(InvalidCallbackError);
    expect(engine.calls).toEqual([]);
  });
});

describe('event_signature', () => {
  function signed(extra: Record<string, string> = {}, age = 0, pair = engine.key) {
    const params = new URLSearchParams({
      user_hash: 'user hash+&=ü',
      auth: packageFor(),
      auth_request: TOKEN,
      event_id: 'event-1',
      event_time: new Date(engine.now() - age).toISOString(),
      ...extra,
    });
    params.sort();
    params.set('event_signature', engine.sign(params.toString(), pair));
    return params;
  }

  const verify = (params: URLSearchParams | Record<string, unknown>) =>
    client.readEvent(params).verify();

  it('verifies when it covers all other parameters, sorted by name', async () => {
    for (const params of [
      signed(),
      signed({ tenant: '7', B: '', a: '~*' }),
      Object.fromEntries(signed()),
    ]) {
      expect(await verify(params)).toEqual(await client.handleCallback(params));
    }
  });

  it.each<[string, () => Record<string, unknown>]>([
    ['is missing', () => ({ ...Object.fromEntries(signed()), event_signature: undefined })],
    ['is another’s', () => Object.fromEntries(signed({}, 0, makePair()))],
    ['is over another user_hash', () => ({ ...Object.fromEntries(signed()), user_hash: 'other' })],
    ['is over one parameter less', () => ({ ...Object.fromEntries(signed()), user_push_id: 'p' })],
    [
      'is over another time',
      () => ({ ...Object.fromEntries(signed({}, 400_000)), event_time: new Date().toISOString() }),
    ],
    ['is six minutes old', () => Object.fromEntries(signed({}, 6 * MINUTE))],
    ['is six minutes ahead', () => Object.fromEntries(signed({}, -6 * MINUTE))],
    ['has no id', () => Object.fromEntries(signed({ event_id: '' }))],
    ['has no time', () => Object.fromEntries(signed({ event_time: 'now' }))],
  ])('is refused when it %s', async (_, make) => {
    await expect(verify(make())).rejects.toThrow(InvalidCallbackError);
  });

  it('causes no ping when it is missing', async () => {
    const params = { auth: packageFor(), auth_request: TOKEN, user_hash: 'u' };
    await expect(verify(params)).rejects.toThrow(/carries no signature/);
    expect(pings()).toBe(0);
  });
});

describe('the engine’s key for events', () => {
  const clear = ({ deorbit, signature }: ReturnType<typeof logout>) =>
    client.clear(deorbit, signature);

  it('is fetched by one new ping after a rotation', async () => {
    await client.ping();
    engine.key = makePair();
    expect(await clear(logout())).toBe('user-hash');
    expect(pings()).toBe(2);
  });

  it('verifies events for five minutes after it was replaced', async () => {
    await client.ping();
    const before = engine.key;
    engine.key = makePair();
    await client.ping();
    expect(await clear(logout(0, before))).toBe('user-hash');
    moved = 5 * MINUTE + 1000;
    engine.now = () => Date.now() + moved;
    await expect(clear(logout(0, before))).rejects.toThrow(InvalidCallbackError);
  });

  it('is fetched at most once in ten seconds because of forged events', async () => {
    await client.ping();
    const forged = logout(0, makePair());
    const flood = () => Promise.allSettled(Array.from({ length: 20 }, () => clear(forged)));
    for (const { status } of await flood()) expect(status).toBe('rejected');
    await flood();
    expect(pings()).toBe(2);
    moved = 9_000;
    await flood();
    expect(pings()).toBe(2);
    moved = 11_000;
    await flood();
    expect(pings()).toBe(3);
  });

  it('is fetched at most once in ten seconds when it is five minutes old, too', async () => {
    await client.ping();
    moved = 6 * MINUTE;
    engine.now = () => Date.now() + moved;
    engine.on = () => ({ status: 503, body: '' });
    const forged = logout(0, makePair());
    for (let n = 0; n < 5; n++) await clear(forged).catch(() => {});
    expect(pings()).toBe(2);
  });

  it('leads to a retryable error instead of a refusal when it is unknown and cannot be fetched', async () => {
    engine.on = () => ({ status: 503, body: '' });
    await expect(clear(logout())).rejects.toMatchObject({ status: 503, retryable: true });
    await expect(clear(logout())).rejects.toThrow(CommunicationError);
    expect(pings()).toBe(1);
  });

  it('verifies events while the engine is away', async () => {
    await client.ping();
    engine.on = () => ({ status: 503, body: '' });
    expect(await clear(logout())).toBe('user-hash');
  });

  it('is fetched again after the clock of the engine was set', async () => {
    await client.ping();
    engine.now = () => Date.now() + 180 * MINUTE;
    expect(await clear(logout())).toBe('user-hash');
    expect(pings()).toBe(2);
  });
});
