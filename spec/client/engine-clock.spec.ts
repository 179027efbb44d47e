import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ExpiredAuthRequestError, STALE_STAMP } from '../../lib/errors.js';
import { FakeEngine, packageFor, refusal, TOKEN } from '../support/fake-engine.js';
import { makePair } from '../support/keys.js';

const HOUR = 3_600_000;
const realNow = performance.now.bind(performance);

let engine: FakeEngine;
/** By how many milliseconds the monotonic clock was moved on. */
let moved: number;

beforeEach(async () => {
  engine = await FakeEngine.start();
  moved = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => realNow() + moved);
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  await engine.close();
});

const stamps = (path = '/auths') =>
  engine.of(path).map(({ params }) => Date.parse(`${engine.open(params).stamped}Z`));
const envelopes = (path: string) =>
  new Set(engine.of(path).map(({ params }) => params.get('secret_key')));

describe('the engine’s clock', () => {
  it.each([-3, 3, 24 * 365])('is used for the stamp when it is %i hours off', async (hours) => {
    engine.now = () => Date.now() + hours * HOUR;
    await engine.client().authorize('alice');
    expect(Math.abs((stamps()[0] ?? 0) - engine.now())).toBeLessThan(60_000);
  });

  it('runs on between pings', async () => {
    const client = engine.client();
    const { launchkeyTime } = await client.ping();
    moved = 200_000;
    await client.authorize('alice');
    const passed = (stamps()[0] ?? 0) - launchkeyTime.getTime();
    expect(passed).toBeGreaterThanOrEqual(200_000 - 1000);
    expect(passed).toBeLessThan(260_000);
  });

  it('does not jump when the local clock is set', async () => {
    const client = engine.client();
    await client.ping();
    const before = Date.now();
    vi.useFakeTimers({ toFake: ['Date'], now: before + 5 * HOUR });
    await client.authorize('alice');
    expect(Math.abs((stamps()[0] ?? 0) - before)).toBeLessThan(60_000);
    expect(Math.abs(client.engineNow() - before)).toBeLessThan(60_000);
  });

  it('is the local clock before the first ping', async () => {
    engine.now = () => Date.now() + 3 * HOUR;
    const client = engine.client();
    expect(Math.abs(client.engineNow() - Date.now())).toBeLessThan(60_000);
    await client.ping();
    expect(Math.abs(client.engineNow() - engine.now())).toBeLessThan(60_000);
  });

  it('is read in the middle of the round trip', async () => {
    engine.on = ({ path }) => {
      if (path !== '/ping') return undefined;
      moved += 20_000;
      return { body: { ...engine.ping(), launchkey_time: '2013-11-10 03:48:22' } };
    };
    const client = engine.client();
    await client.ping();
    const late = client.engineNow() - Date.UTC(2013, 10, 10, 3, 48, 22);
    expect(late).toBeGreaterThanOrEqual(10_000);
    expect(late).toBeLessThan(20_000);
  });
});

describe('the ping key', () => {
  it('is fetched once for any number of calls that begin together', async () => {
    const client = engine.client();
    await Promise.all(Array.from({ length: 25 }, () => client.pollRequest(TOKEN)));
    expect(engine.of('/ping')).toHaveLength(1);
  });

  it('is kept for five minutes', async () => {
    const client = engine.client();
    await client.authorize('alice');
    moved = 299_000;
    await client.authorize('alice');
    expect(engine.of('/ping')).toHaveLength(1);
    moved = 301_000;
    await client.authorize('alice');
    expect(engine.of('/ping')).toHaveLength(2);
  });

  it('is fetched by each ping()', async () => {
    const client = engine.client();
    await client.ping();
    await client.ping();
    expect(engine.of('/ping')).toHaveLength(2);
  });

  it('is replaced at the next ping after a rotation', async () => {
    const client = engine.client();
    await client.authorize('alice');
    engine.key = makePair();
    engine.dateStamp = '2013-05-01 00:00:00';
    expect((await client.ping()).key).toBe(engine.key.publicPem);
    await client.authorize('alice');
    expect(() => engine.open(engine.of('/auths')[1]?.params as URLSearchParams)).not.toThrow();
  });
});

describe('an envelope', () => {
  it('serves all calls of one engine second, also those that run at the same time', async () => {
    const client = engine.client();
    await client.ping();
    const at = realNow();
    vi.mocked(performance.now).mockImplementation(() => at + moved);
    await Promise.all(Array.from({ length: 30 }, () => client.pollRequest(TOKEN)));
    await client.authorize('alice');
    await client.isAuthorized(TOKEN, packageFor());
    expect(envelopes('/poll').size).toBe(1);
    expect(envelopes('/auths')).toEqual(envelopes('/poll'));
    expect(envelopes('/logs')).toEqual(envelopes('/poll'));
    moved = 1000;
    await client.pollRequest(TOKEN);
    expect(envelopes('/poll').size).toBe(2);
    const [first, second] = [...new Set(stamps('/poll'))];
    expect((second ?? 0) - (first ?? 0)).toBe(1000);
  });

  it('is replaced when the key changes, also within the second', async () => {
    const client = engine.client();
    await client.ping();
    const at = realNow();
    vi.mocked(performance.now).mockImplementation(() => at);
    await client.pollRequest(TOKEN);
    engine.key = makePair();
    await client.ping();
    await client.pollRequest(TOKEN);
    expect(envelopes('/poll').size).toBe(2);
  });
});

describe('a refusal for a stale stamp or a rotated key', () => {
  /** Refuses the first `times` calls of a path. */
  const refuse = (path: string, code: number, times = 1) => {
    let left = times;
    engine.on = (call) => (call.path === path && left-- > 0 ? refusal(code, 'no', 401) : undefined);
  };

  it.each([40431, 40432, 40433, 40434])(
    'leads to one new ping and one retry for code %i of auths',
    async (code) => {
      refuse('/auths', code);
      expect(await engine.client().authorize('alice')).toBe(TOKEN);
      expect(engine.calls.map(({ path }) => path)).toEqual(['/ping', '/auths', '/ping', '/auths']);
    },
  );

  it.each([70431, 70432, 70433, 70434])(
    'leads to one new ping and one retry for code %i of poll',
    async (code) => {
      refuse('/poll', code);
      expect(await engine.client().pollRequest(TOKEN)).not.toBeNull();
      expect(engine.of('/ping')).toHaveLength(2);
    },
  );

  it.each([50431, 50451, 50452, 50453, 50454])(
    'leads to one new ping and one retry for code %i of logs',
    async (code) => {
      refuse('/logs', code);
      expect(await engine.client().logout(TOKEN)).toBe(true);
      expect(engine.of('/ping')).toHaveLength(2);
    },
  );

  it('leads to one new ping and one retry for a white label user', async () => {
    refuse('/users', 40431);
    await engine
      .client()
      .createWhiteLabelUser('alice')
      .catch(() => {});
    expect(engine.calls.map(({ path }) => path)).toEqual(['/ping', '/users', '/ping', '/users']);
  });

  it.each([40421, 40422, 40428, 40435, 40436])(
    'is not seen in code %i, which leads to no retry',
    async (code) => {
      refuse('/auths', code);
      await expect(engine.client().authorize('alice')).rejects.toMatchObject({ messageCode: code });
      expect(engine.calls.map(({ path }) => path)).toEqual(['/ping', '/auths']);
    },
  );

  it('is an error with a code of its own if it repeats after one retry', async () => {
    refuse('/auths', 40431, 100);
    const error = await engine
      .client()
      .authorize('alice')
      .catch((caught) => caught);
    expect(error).toBeInstanceOf(ExpiredAuthRequestError);
    expect(error).toMatchObject({ code: STALE_STAMP, messageCode: 40431, status: 401 });
    expect(engine.calls.map(({ path }) => path)).toEqual(['/ping', '/auths', '/ping', '/auths']);
  });

  it('corrects the stamp after the clock of the engine was set', async () => {
    const client = engine.client();
    await client.authorize('alice');
    engine.now = () => Date.now() + 3 * HOUR;
    engine.on = ({ path, params }) => {
      if (path !== '/auths') return undefined;
      const age = engine.now() - Date.parse(`${engine.open(params).stamped}Z`);
      return age > 120_000 ? refusal(40431, 'expired', 401) : undefined;
    };
    expect(await client.authorize('alice')).toBe(TOKEN);
    expect(await client.authorize('alice')).toBe(TOKEN);
    expect(engine.of('/ping')).toHaveLength(2);
  });

  it('causes one ping when many calls receive it together', async () => {
    const client = engine.client();
    await client.ping();
    const at = realNow();
    vi.mocked(performance.now).mockImplementation(() => at);
    engine.on = ({ path, params }) =>
      path === '/poll' &&
      params.get('secret_key') === engine.of('/poll')[0]?.params.get('secret_key')
        ? refusal(70431, 'expired', 401)
        : undefined;
    await Promise.all(Array.from({ length: 20 }, () => client.pollRequest(TOKEN)));
    expect(engine.of('/ping')).toHaveLength(2);
    expect(engine.of('/poll')).toHaveLength(40);
  });

  it('becomes the error of the new ping when that fails', async () => {
    const client = engine.client();
    await client.ping();
    engine.on = ({ path }) =>
      path === '/auths' ? refusal(40431) : { status: 502, body: '<html>Bad Gateway</html>' };
    await expect(client.authorize('alice')).rejects.toMatchObject({ status: 502, retryable: true });
    expect(engine.of('/auths')).toHaveLength(1);
  });

  it('is not followed by a retry when the signal is aborted meanwhile', async () => {
    const client = engine.client();
    const controller = new AbortController();
    engine.on = ({ path }) => {
      if (path !== '/auths') return undefined;
      controller.abort(new Error('gone'));
      return refusal(40431);
    };
    const call = client.authorize('alice', { signal: controller.signal });
    await expect(call).rejects.toThrow('gone');
    expect(engine.of('/auths')).toHaveLength(1);
  });
});
