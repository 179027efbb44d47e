import { MemoryStore } from 'passport-launchkey';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { logIn, loginApp, serve } from '../support/app.js';
import { type Call, EngineProxy } from '../support/proxy.js';
import { nextRequest, recordingStrategy, startWorld, type World } from '../support/world.js';

type Overrides = Parameters<typeof recordingStrategy>[1];

/** Starts a login through a proxy in front of the engine. */
async function waitThroughProxy(
  overrides: Overrides,
  prepare: (proxy: EngineProxy) => void,
  signal?: AbortSignal,
) {
  const world = await startWorld();
  const proxy = await new EngineProxy(world.engine.url).start();
  prepare(proxy);
  const { strategy, verified } = recordingStrategy(world, {
    apiBaseUrl: `${proxy.url}/v1`,
    ...overrides,
  });
  // Afterwards a login starts quickly enough for its first poll, even on a busy machine.
  await strategy.client.ping();
  const url = await serve(loginApp(strategy));
  const polls = nth(proxy, '/poll');
  return { world, proxy, strategy, verified, polls, seen: logIn(url, undefined, signal) };
}

/** Resolves when the n-th call of a path has arrived. */
function nth(proxy: EngineProxy, path: string) {
  return (count: number): Promise<Call[]> =>
    new Promise((resolve) => {
      const check = () => {
        if (proxy.of(path).length < count) return;
        proxy.off('call', check);
        resolve(proxy.of(path));
      };
      proxy.on('call', check);
      check();
    });
}

async function approve(world: World) {
  await world.engine.answer(await nextRequest(world.engine), true);
}

/** Resolves when the engine got the report that an approval did not log the user in. */
function reportOfUnused(proxy: EngineProxy): Promise<void> {
  return new Promise((resolve) => {
    proxy.on('answered', ({ form, status }) => {
      const reported = form.get('action') === 'Authenticate' && form.get('status') === 'False';
      if (reported && status === 200) resolve();
    });
  });
}

/** Resolves when the engine took an auth request back. */
function withdrawal(proxy: EngineProxy): Promise<void> {
  return new Promise((resolve) => {
    proxy.on('answered', ({ form, status }) => {
      if (form.get('action') === 'Withdraw' && status === 200) resolve();
    });
  });
}

const succeeded = { user: { id: expect.any(String) } };

describe('waiting by held polls', () => {
  it('needs one poll, which the engine holds', async () => {
    const { world, proxy, polls, seen } = await waitThroughProxy({}, () => {});
    const [poll] = await polls(1);
    expect(poll?.headers.prefer).toBe('wait=25');
    await approve(world);
    expect(await seen).toMatchObject(succeeded);
    expect(proxy.of('/poll')).toHaveLength(1);
    expect(proxy.mostPollsAtOnce).toBe(1);
  });

  it('polls again after the engine held the poll for the requested time', async () => {
    const { world, proxy, polls, seen } = await waitThroughProxy({ longPoll: 1 }, () => {});
    await polls(2);
    await approve(world);
    expect(await seen).toMatchObject(succeeded);
    expect(proxy.mostPollsAtOnce).toBe(1);
    expect(proxy.of('/poll').every(({ headers }) => headers.prefer === 'wait=1')).toBe(true);
  });

  it('does not treat an immediate empty response as held', async () => {
    const { seen, proxy } = await waitThroughProxy(
      { pollInterval: 60_000, loginTimeout: 2_000 },
      (proxy) => {
        proxy.intercept = ({ path }) =>
          path === '/v1/poll'
            ? {
                status: 400,
                headers: { 'preference-applied': 'wait' },
                body: JSON.stringify({ message: 'Pending response', message_code: 70403 }),
              }
            : undefined;
      },
    );
    expect(await seen).toMatchObject({ info: { code: 'expired' } });
    expect(proxy.of('/poll')).toHaveLength(1);
  });
});

describe('waiting by polls that are not held', () => {
  it('repeats the poll until there is an answer, one poll at a time', async () => {
    const { world, proxy, polls, seen } = await waitThroughProxy({ pollInterval: 100 }, (proxy) => {
      proxy.stripPrefer = true;
    });
    await polls(3);
    await approve(world);
    expect(await seen).toMatchObject(succeeded);
    expect(proxy.mostPollsAtOnce).toBe(1);
  });

  it('does not ask the engine to hold a poll with longPoll: 0', async () => {
    const { world, polls, seen } = await waitThroughProxy(
      { pollInterval: 100, longPoll: 0 },
      () => {},
    );
    for (const { headers } of await polls(2)) expect(headers).not.toHaveProperty('prefer');
    await approve(world);
    expect(await seen).toMatchObject(succeeded);
  });

  it('obeys Retry-After rather than its own interval', async () => {
    const { proxy, seen } = await waitThroughProxy(
      { pollInterval: 100, loginTimeout: 2_000 },
      (proxy) => {
        proxy.intercept = ({ path }) =>
          path === '/v1/poll'
            ? {
                status: 400,
                headers: { 'retry-after': '60' },
                body: JSON.stringify({ message: 'Pending response', message_code: 70403 }),
              }
            : undefined;
      },
    );
    expect(await seen).toMatchObject({ info: { code: 'expired' } });
    expect(proxy.of('/poll')).toHaveLength(1);
  });
});

describe('waiting while the engine has trouble', () => {
  const pollFails = (proxy: EngineProxy, status: number, body: string) => {
    proxy.intercept = ({ path }) => (path === '/v1/poll' ? { status, body } : undefined);
  };

  it.each<[string, number, string]>([
    ['5xx', 502, '<html>Bad gateway</html>'],
    ['too many attempts', 400, JSON.stringify({ message: 'Slow down', message_code: 70436 })],
  ])('continues after %s, and the login succeeds', async (_what, status, body) => {
    const { world, proxy, polls, seen } = await waitThroughProxy({ pollInterval: 100 }, (proxy) =>
      pollFails(proxy, status, body),
    );
    await polls(3);
    proxy.intercept = undefined;
    await approve(world);
    expect(await seen).toMatchObject(succeeded);
  });

  it('ends in the error that lasts until the login expires', async () => {
    const { seen, verified } = await waitThroughProxy(
      { pollInterval: 100, loginTimeout: 2_000 },
      (proxy) => pollFails(proxy, 503, 'starting'),
    );
    expect(await seen).toMatchObject({ error: { name: 'EngineError' } });
    expect(verified).toEqual([]);
  });

  it.each<[string, number, string, number]>([
    ['refused credentials', 70422, 'InvalidCredentialsError', 1],
    // A refused signature is retried once, with an envelope for a new ping key.
    ['a refused signature', 70428, 'InvalidSignatureError', 1],
  ])('ends at once with %s', async (_what, code, name, polls) => {
    const body = JSON.stringify({ message: 'No', message_code: code });
    const { seen, proxy, verified } = await waitThroughProxy({}, (proxy) =>
      pollFails(proxy, 400, body),
    );
    expect(await seen).toMatchObject({ error: { name } });
    expect(proxy.of('/poll')).toHaveLength(polls);
    expect(verified).toEqual([]);
  });

  it('ends in an error if the engine’s clock contradicts its stamps', async () => {
    const body = JSON.stringify({ message: 'Stale', message_code: 70431 });
    const { seen } = await waitThroughProxy({}, (proxy) => pollFails(proxy, 400, body));
    expect(await seen).toMatchObject({ error: { code: 'LAUNCHKEY_STALE_STAMP' } });
  });

  it.each([70402, 70404])('ends as expired when the engine says %i', async (code) => {
    const { seen, verified } = await waitThroughProxy({}, (proxy) =>
      pollFails(proxy, 400, JSON.stringify({ message: 'Gone', message_code: code })),
    );
    expect(await seen).toMatchObject({ user: false, info: { code: 'expired' } });
    expect(verified).toEqual([]);
  });

  it('ends in an error if the answer cannot be read, and no one is logged in', async () => {
    const auth = Buffer.alloc(256, 1).toString('base64');
    const { seen, proxy, verified } = await waitThroughProxy({}, (proxy) =>
      pollFails(proxy, 200, JSON.stringify({ auth, user_hash: 'hash' })),
    );
    expect(await seen).toMatchObject({ error: { name: 'InvalidResponseError' } });
    expect(proxy.of('/logs')).toEqual([]);
    expect(verified).toEqual([]);
  });
});

describe('the report of an approval', () => {
  const logsFail = (proxy: EngineProxy, status: number, body: string) => {
    proxy.intercept = ({ path }) => (path === '/v1/logs' ? { status, body } : undefined);
  };

  it.each([50442, 50446, 50448, 50456])(
    'logs no one in if the engine refuses it (%i)',
    async (code) => {
      const refusal = JSON.stringify({ message: 'No', message_code: code });
      const { world, seen, verified } = await waitThroughProxy({}, (proxy) =>
        logsFail(proxy, 400, refusal),
      );
      await approve(world);
      expect(await seen).toMatchObject({ user: false, info: { code: 'denied' } });
      expect(verified).toEqual([]);
    },
  );

  it('is repeated until it is delivered, and then logs in once', async () => {
    let failures = 0;
    const { world, proxy, seen, verified } = await waitThroughProxy(
      { pollInterval: 100 },
      (proxy) => {
        proxy.intercept = ({ path }) =>
          path === '/v1/logs' && ++failures <= 2 ? { status: 502, body: 'bad gateway' } : undefined;
      },
    );
    await approve(world);
    expect(await seen).toMatchObject(succeeded);
    expect(verified).toHaveLength(1);
    expect(proxy.of('/logs').map(({ form }) => form.get('status'))).toEqual([
      'True',
      'True',
      'True',
    ]);
    expect(await world.engine.sessions('alice')).toHaveLength(1);
  });

  it('logs no one in if it cannot be delivered in time, and the engine is told later', async () => {
    const store = new MemoryStore();
    const { world, proxy, seen, verified } = await waitThroughProxy(
      { store, pollInterval: 100, loginTimeout: 2_000 },
      (proxy) => logsFail(proxy, 502, 'bad gateway'),
    );
    const released = store.release.bind(store);
    let handle = '';
    store.release = async (given) => {
      handle = given;
      return released(given);
    };
    await approve(world);
    expect(await seen).toMatchObject({ error: { name: 'EngineError' } });
    expect(verified).toEqual([]);
    expect(await store.get(handle)).toMatchObject({ state: 'answered' });
    expect(proxy.of('/logs').length).toBeGreaterThan(1);
    expect(await world.engine.sessions('alice')).toHaveLength(1);
    const reported = reportOfUnused(proxy);
    proxy.intercept = undefined;
    await reported;
    expect(await world.engine.sessions('alice')).toEqual([]);
  });

  it('is not repeated for a browser that has disconnected, and the engine is told later', async () => {
    const page = new AbortController();
    const { world, proxy, seen, verified } = await waitThroughProxy(
      { pollInterval: 100 },
      (proxy) => {
        logsFail(proxy, 502, 'bad gateway');
        proxy.on('answered', ({ path }) => path === '/v1/logs' && page.abort());
      },
      page.signal,
    );
    const rejected = expect(seen).rejects.toThrow();
    await approve(world);
    await rejected;
    const reported = reportOfUnused(proxy);
    proxy.intercept = undefined;
    await reported;
    expect(verified).toEqual([]);
    expect(await world.engine.sessions('alice')).toEqual([]);
  });
});

describe('an abandoned login', () => {
  it.each<[string, (page: AbortController) => void, number]>([
    ['when its browser disconnects', (page) => page.abort(), 300_000],
    ['when it expires in this process', () => {}, 2_000],
  ])('is taken off the phone %s', async (_why, leave, loginTimeout) => {
    const page = new AbortController();
    const { world, proxy, polls, seen, verified } = await waitThroughProxy(
      { loginTimeout },
      () => {},
      page.signal,
    );
    const withdrawn = withdrawal(proxy);
    await polls(1);
    await nextRequest(world.engine);
    const ended = seen.catch(() => {});
    leave(page);
    await withdrawn;
    expect(await world.engine.requests('alice')).toEqual([]);
    await ended;
    expect(verified).toEqual([]);
  });
});

describe('an abandoned login that is approved later, at an engine that takes back no request,', () => {
  it.each<[string, (page: AbortController) => Promise<unknown>, number]>([
    ['after its browser disconnected', async (page) => page.abort(), 300_000],
    ['after it expired in this process', async () => {}, 2_000],
  ])('leaves no LaunchKey session open %s', async (_why, leave, loginTimeout) => {
    const store = new MemoryStore();
    const page = new AbortController();
    const { world, proxy, polls, seen, verified } = await waitThroughProxy(
      { store, loginTimeout },
      (engine) => {
        engine.hidesFeatures = true;
      },
      page.signal,
    );
    const answer = store.answer.bind(store);
    const givenUp = new Promise<void>((resolve) => {
      store.answer = async (...args) => {
        // An answer may come after this test, and later tests need real timers.
        store.answer = answer;
        // The timer that the test advances is made right after this.
        vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
        setImmediate(resolve);
        return answer(...args);
      };
    });
    onTestFinished(() => void vi.useRealTimers());
    const ended = seen.catch(() => {});
    await polls(1);
    await leave(page);
    await givenUp;
    await ended;
    await approve(world);
    expect(await world.engine.sessions('alice')).toHaveLength(1);
    const reported = reportOfUnused(proxy);
    vi.advanceTimersByTime(306_000);
    await reported;
    expect(await world.engine.sessions('alice')).toEqual([]);
    expect(verified).toEqual([]);
  });
});
