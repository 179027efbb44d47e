import { EventEmitter, getEventListeners, once } from 'node:events';
import { Agent as HttpAgent } from 'node:http';
import { createServer as createTlsServer, Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LaunchKeyClient, type LaunchKeyClientOptions } from '../../lib/client/client.js';
import { redactor } from '../../lib/client/redaction.js';
import { Transport } from '../../lib/client/transport.js';
import { LaunchKeyError } from '../../lib/errors.js';
import { app, FakeEngine, packageFor, SECRET, TOKEN } from '../support/fake-engine.js';
import { makePair, selfSigned } from '../support/keys.js';
import { httpAnswer, type RawServer, startRawServer } from '../support/raw-server.js';

const closing: Array<() => Promise<void>> = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const engineKey = makePair();
const PING = httpAnswer({
  date_stamp: '2013-04-20 21:40:02',
  launchkey_time: new Date().toISOString(),
  key: engineKey.publicPem,
});
const ANSWER = httpAnswer({ auth: packageFor(), user_hash: 'user-hash' });

/** A server that answers pings, and everything else as the test says. */
async function raw(answer: (socket: Socket, count: number) => void): Promise<RawServer> {
  let count = 0;
  const server = await startRawServer((socket, request) => {
    if (request.includes('/ping')) socket.write(PING);
    else answer(socket, count++);
  });
  closing.push(server.close);
  return server;
}

async function fake(): Promise<FakeEngine> {
  const engine = await FakeEngine.start();
  closing.push(() => engine.close());
  return engine;
}

function clientFor(url: string, options: Partial<LaunchKeyClientOptions> = {}): LaunchKeyClient {
  return new LaunchKeyClient({
    apiBaseUrl: url,
    appKey: 1234567890,
    secretKey: SECRET,
    privateKey: app.privateKey,
    ...options,
  });
}

const calls = (server: RawServer) => server.requests.filter((text) => !text.includes('/ping'));

async function errorOf(call: Promise<unknown>): Promise<LaunchKeyError> {
  const error = await call.then(
    () => new Error('The call succeeded'),
    (caught) => caught,
  );
  expect(error).toBeInstanceOf(LaunchKeyError);
  return error;
}

describe('a connection', () => {
  it('is a CommunicationError with a cause when it is refused', async () => {
    const server = await raw(() => {});
    await server.close();
    const error = await errorOf(clientFor(server.url).authorize('alice'));
    expect(error).toMatchObject({ code: 'LAUNCHKEY_COMMUNICATION', retryable: true });
    expect(error.cause).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('is a CommunicationError when the host does not exist', async () => {
    const error = await errorOf(clientFor('https://engine.invalid/v1').ping());
    expect(error).toMatchObject({ code: 'LAUNCHKEY_COMMUNICATION', retryable: true });
  });

  it.each<[string, (client: LaunchKeyClient) => Promise<unknown>]>([
    ['poll', (client) => client.pollRequest(TOKEN)],
    ['held poll', (client) => client.pollRequest(TOKEN, { wait: 5 })],
    ['logs', (client) => client.logout(TOKEN)],
  ])(
    'is replaced when it is reset before the answer, and %s is sent once more',
    async (_, call) => {
      const server = await raw((socket, count) =>
        count === 0 ? socket.resetAndDestroy() : socket.write(ANSWER),
      );
      expect(await call(clientFor(server.url))).toBeTruthy();
      expect(calls(server)).toHaveLength(2);
    },
  );

  it('is replaced when it is reset at the ping, which is sent once more', async () => {
    const server = await startRawServer((socket, _, index) =>
      index === 0 ? socket.resetAndDestroy() : socket.write(PING),
    );
    closing.push(server.close);
    expect((await clientFor(server.url).ping()).key).toBe(engineKey.publicPem);
  });

  it('is replaced when the server closes it at its second use, and a poll is sent once more', async () => {
    const server = await raw((socket, count) =>
      count === 1 ? socket.end() : socket.write(ANSWER),
    );
    const client = clientFor(server.url);
    await client.pollRequest(TOKEN);
    expect(await client.pollRequest(TOKEN)).not.toBeNull();
    expect(calls(server)).toHaveLength(3);
  });

  it('is a CommunicationError when it is reset twice, and a poll is not sent a third time', async () => {
    const server = await raw((socket) => socket.resetAndDestroy());
    const error = await errorOf(clientFor(server.url).pollRequest(TOKEN));
    expect(error).toMatchObject({ code: 'LAUNCHKEY_COMMUNICATION', retryable: true });
    expect(error.cause).toMatchObject({ code: 'ECONNRESET' });
    expect(calls(server)).toHaveLength(2);
  });

  it.each<[string, (client: LaunchKeyClient) => Promise<unknown>]>([
    ['authorize', (client) => client.authorize('alice')],
    ['createWhiteLabelUser', (client) => client.createWhiteLabelUser('alice')],
  ])('is not replaced for %s, which is never sent twice', async (_, call) => {
    const server = await raw((socket) => socket.resetAndDestroy());
    const error = await errorOf(call(clientFor(server.url)));
    expect(error.code).toBe('LAUNCHKEY_COMMUNICATION');
    expect(calls(server)).toHaveLength(1);
  });

  it.each<[string, string]>([
    ['in the middle of the headers', 'HTTP/1.1 200 OK\r\nContent-Ty'],
    ['after the headers', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n'],
    ['after half a body', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"auth": "'],
    ['in the middle of a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"au'],
  ])(
    'is a CommunicationError when it is cut %s, and the call is not sent again',
    async (_, start) => {
      const server = await raw((socket) => socket.write(start, () => socket.destroy()));
      const error = await errorOf(clientFor(server.url).pollRequest(TOKEN));
      expect(error).toMatchObject({ code: 'LAUNCHKEY_COMMUNICATION', retryable: true });
      expect(calls(server)).toHaveLength(1);
    },
  );

  it('is given up when no answer comes within requestTimeout', async () => {
    const server = await raw(() => {});
    const client = clientFor(server.url, { requestTimeout: 150 });
    const error = await errorOf(client.authorize('alice'));
    expect(error).toMatchObject({ code: 'LAUNCHKEY_COMMUNICATION', retryable: true });
    expect(error.message).toContain('150 ms');
    expect(error.cause).toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('is given up when a held poll takes longer than wait and requestTimeout together', async () => {
    const server = await raw(() => {});
    const client = clientFor(server.url, { requestTimeout: 1_000 });
    const error = await errorOf(client.pollRequest(TOKEN, { wait: 1 }));
    expect(error.message).toContain('2000 ms');
  });

  it('is given up when the answer is not complete within requestTimeout', async () => {
    const server = await raw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n');
      const timer = setInterval(() => socket.write(' '), 10);
      socket.on('close', () => clearInterval(timer));
    });
    const client = clientFor(server.url, { requestTimeout: 200 });
    expect((await errorOf(client.authorize('alice'))).cause).toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('fails all calls that wait for an unanswered ping, and the next call pings again', async () => {
    let silent = true;
    const engine = await fake();
    engine.on = ({ path }) => (path === '/ping' && silent ? null : undefined);
    const client = engine.client({ requestTimeout: 150 });
    const all = await Promise.allSettled([client.authorize('a'), client.authorize('b')]);
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(engine.of('/ping')).toHaveLength(1);
    silent = false;
    expect(await client.authorize('alice')).toBe(TOKEN);
  });
});

describe('an answer', () => {
  it.each<[string, number, string, string, boolean]>([
    ['HTML with 502', 502, '<html><h1>502 Bad Gateway</h1></html>', 'LAUNCHKEY_ENGINE', true],
    ['text with 500', 500, 'Internal Server Error', 'LAUNCHKEY_ENGINE', true],
    ['JSON with 503', 503, '{"message":"starting"}', 'LAUNCHKEY_ENGINE', true],
    ['pending with 500', 500, '{"message_code":70403}', 'LAUNCHKEY_ENGINE', true],
    ['HTML with 429', 429, '<html>', 'LAUNCHKEY_RATE_LIMIT_EXCEEDED', true],
    ['HTML with 408', 408, '<html>', 'LAUNCHKEY_COMMUNICATION', true],
    ['HTML with 404', 404, '<html>', 'LAUNCHKEY_INVALID_RESPONSE', false],
    ['HTML with 200', 200, '<html>', 'LAUNCHKEY_INVALID_RESPONSE', false],
    ['nothing with 200', 200, '', 'LAUNCHKEY_INVALID_RESPONSE', false],
    ['half JSON with 200', 200, '{"auth_request": "', 'LAUNCHKEY_INVALID_RESPONSE', false],
    ['JSON that lies', 200, '{"successful":true}', 'LAUNCHKEY_INVALID_RESPONSE', false],
  ])('becomes an error of its own when it is %s', async (_, status, body, code, retryable) => {
    const engine = await fake();
    engine.on = ({ path }) =>
      path === '/auths' ? { status, headers: { 'Retry-After': '3' }, body } : undefined;
    const error = await errorOf(engine.client().authorize('alice'));
    expect(error).toMatchObject({ code, retryable });
    if (body !== '{"successful":true}') expect(error).toMatchObject({ status, retryAfter: 3 });
    expect(engine.of('/auths')).toHaveLength(1);
  });

  it.each<[string, string]>([
    ['HTML', '<html>'],
    ['JSON without a code', '{"message":"Route POST:/auths not found","statusCode":404}'],
  ])('becomes an error that names /v1 when it is %s with 404', async (_, body) => {
    const engine = await fake();
    engine.on = ({ path }) => (path === '/auths' ? { status: 404, body } : undefined);
    const error = await errorOf(engine.client().authorize('alice'));
    expect(error).toMatchObject({ status: 404, retryable: false });
    expect(error.message).toMatch(/Check apiBaseUrl: the path \/v1 may be missing\.$/);
  });

  it.each([300, 301, 302, 303, 307, 308])(
    'is not followed when it redirects with %i',
    async (status) => {
      const engine = await fake();
      engine.on = ({ path }) =>
        path === '/auths'
          ? { status, headers: { Location: `${engine.url}/elsewhere` }, body: '' }
          : undefined;
      const error = await errorOf(engine.client().authorize('alice'));
      expect(error).toMatchObject({ code: 'LAUNCHKEY_INVALID_RESPONSE', status });
      expect(error.message).toMatch(/redirect.*which is not followed/);
      expect(engine.of('/elsewhere')).toEqual([]);
    },
  );

  it.each([
    ['with its length', 'Content-Length: 52428800\r\n\r\n'],
    ['without', '\r\n'],
  ])('is cut off when it has 50 MB, announced %s', async (_, header) => {
    const part = Buffer.alloc(65_536, ' ');
    let written = 0;
    let closed: Promise<unknown> | undefined;
    const server = await raw((socket) => {
      closed = new Promise((resolve) => socket.on('close', resolve));
      socket.write(`HTTP/1.1 200 OK\r\n${header}`);
      const write = () => {
        while (written < 52_428_800 && !socket.destroyed) {
          written += part.length;
          if (!socket.write(part)) return socket.once('drain', write);
        }
        return undefined;
      };
      write();
    });
    const error = await errorOf(clientFor(server.url).authorize('alice'));
    expect(error.code).toBe('LAUNCHKEY_INVALID_RESPONSE');
    expect(error.message).toContain('1048576 bytes');
    await closed;
    expect(written).toBeLessThan(52_428_800);
  });

  it('is read up to one megabyte', async () => {
    const engine = await fake();
    const body = JSON.stringify({ auth_request: TOKEN }).padEnd(1024 * 1024);
    engine.on = ({ path }) => (path === '/auths' ? { body } : undefined);
    expect(await engine.client().authorize('alice')).toBe(TOKEN);
    engine.on = ({ path }) => (path === '/auths' ? { body: `${body} ` } : undefined);
    await expect(engine.client().authorize('alice')).rejects.toThrow('larger');
  });

  /** An engine behind a proxy that compresses its answer to `authorize`, which did not ask for it. */
  async function compressing(encoding: string, body: Buffer) {
    const engine = await fake();
    engine.on = ({ path, res }) => {
      if (path !== '/auths') return undefined;
      res.writeHead(200, { 'Content-Encoding': encoding }).end(body);
      return null;
    };
    return engine;
  }

  it.each([
    ['gzip', gzipSync],
    ['X-GZip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['identity', (text: string) => Buffer.from(text)],
  ])('is read when a proxy sends it as %s, unasked', async (encoding, compress) => {
    const engine = await compressing(encoding, compress(JSON.stringify({ auth_request: TOKEN })));
    expect(await engine.client().authorize('alice')).toBe(TOKEN);
    expect(engine.of('/auths')[0]?.headers['accept-encoding']).toBeUndefined();
  });

  it.each([
    ['it is not compressed as it says', 'gzip', Buffer.from('{}')],
    ['its compression is cut off', 'gzip', gzipSync('{}').subarray(0, 12)],
    ['its compression is unknown', 'compress', Buffer.from('{}')],
    ['it has more than a megabyte when unpacked', 'br', brotliCompressSync(Buffer.alloc(5e7))],
  ])('is refused when %s', async (_, encoding, body) => {
    const error = await errorOf((await compressing(encoding, body)).client().authorize('alice'));
    expect(error.code).toBe('LAUNCHKEY_INVALID_RESPONSE');
  });

  it.each([
    ['no HTTP at all', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
    ['headers of 100 kB', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} '],
  ])('is an InvalidResponseError when it is %s', async (_, text) => {
    const server = await raw((socket) => socket.end(text));
    const error = await errorOf(clientFor(server.url).authorize('alice'));
    expect(error.code).toBe('LAUNCHKEY_INVALID_RESPONSE');
  });

  it('is a CommunicationError when it switches protocols', async () => {
    const server = await raw((socket) =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
    );
    const error = await errorOf(clientFor(server.url).authorize('alice'));
    expect(error.code).toBe('LAUNCHKEY_COMMUNICATION');
  });
});

describe('a signal', () => {
  const reason = new Error('The browser went away');

  it('keeps a call from being sent when it is aborted before, and gives its reason', async () => {
    const engine = await fake();
    const client = engine.client();
    await client.ping();
    const signal = AbortSignal.abort(reason);
    const outcomes = await Promise.allSettled([
      client.authorize('alice', { signal }),
      client.pollRequest(TOKEN, { signal }),
      client.isAuthorized(TOKEN, packageFor(), { signal }),
      client.logout(TOKEN, { signal }),
      client.createWhiteLabelUser('alice', { signal }),
      client.clear('{}', 'AAAA', { signal }),
      client.ping({ signal }),
      client.decryptAuth(packageFor(), { signal }),
    ]);
    for (const outcome of outcomes) expect(outcome).toEqual({ status: 'rejected', reason });
    expect(engine.calls.map(({ path }) => path)).toEqual(['/ping']);
  });

  it('ends a held poll and its connection', async () => {
    const engine = await fake();
    const client = engine.client();
    const controller = new AbortController();
    const closed = new Promise((resolve) => {
      engine.on = ({ path, res }) => {
        if (path !== '/poll') return undefined;
        res.on('close', resolve);
        controller.abort(reason);
        return null;
      };
    });
    const polling = client.pollRequest(TOKEN, { wait: 25, signal: controller.signal });
    await expect(polling).rejects.toBe(reason);
    await closed;
  });

  it('ends a call in the middle of a response', async () => {
    const controller = new AbortController();
    const server = await raw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{', () =>
        setImmediate(() => controller.abort(reason)),
      );
    });
    const polling = clientFor(server.url).pollRequest(TOKEN, { signal: controller.signal });
    await expect(polling).rejects.toBe(reason);
  });

  it('does not end the ping that other calls wait for', async () => {
    const engine = await fake();
    const controller = new AbortController();
    engine.on = ({ path, res }) => {
      if (path !== '/ping') return undefined;
      controller.abort(reason);
      setImmediate(() => res.end(JSON.stringify(engine.ping())));
      return null;
    };
    const client = engine.client();
    const aborted = client.authorize('alice', { signal: controller.signal });
    const other = client.authorize('bob');
    await expect(aborted).rejects.toBe(reason);
    expect(await other).toBe(TOKEN);
    expect(engine.of('/ping')).toHaveLength(1);
    expect(engine.of('/auths').map(({ params }) => params.get('username'))).toEqual(['bob']);
  });

  it('serves many calls at the same time and keeps no listener afterwards', async () => {
    const engine = await fake();
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    const { signal } = new AbortController();
    const client = engine.client();
    await Promise.all(Array.from({ length: 30 }, () => client.pollRequest(TOKEN, { signal })));
    engine.on = ({ path }) => (path === '/auths' ? { status: 500, body: '' } : undefined);
    await client.authorize('alice', { signal }).catch(() => {});
    await new Promise(setImmediate);
    process.off('warning', note);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(warnings).toEqual([]);
  });
});

describe('connections', () => {
  it('are kept alive and used again', async () => {
    const server = await raw((socket) => socket.write(ANSWER));
    const client = clientFor(server.url);
    for (let n = 0; n < 5; n++) await client.pollRequest(TOKEN);
    expect(server.connections).toBe(1);
  });

  it('are never more than maxConnections', async () => {
    const waiting: Array<() => void> = [];
    const server = await raw((socket) => {
      waiting.push(() => socket.write(ANSWER));
      if (waiting.length === 2) for (const answer of waiting.splice(0)) answer();
    });
    const client = clientFor(server.url, { maxConnections: 2 });
    await Promise.all(Array.from({ length: 10 }, () => client.pollRequest(TOKEN)));
    expect(server.connections).toBe(2);
    expect(calls(server)).toHaveLength(10);
  });

  it('are not shared between held polls and short calls', async () => {
    const engine = await fake();
    const held = deferred();
    engine.on = ({ path, headers }) => {
      if (path !== '/poll' || !headers.prefer) return undefined;
      held.resolve();
      return null;
    };
    const client = engine.client({ maxConnections: 1 });
    const controller = new AbortController();
    const { signal } = controller;
    const polls = [1, 2, 3].map(() => client.pollRequest(TOKEN, { wait: 25, signal }));
    await held.promise;
    expect(await client.authorize('alice')).toBe(TOKEN);
    controller.abort();
    await Promise.allSettled(polls);
  });

  it('are bounded for held polls, and further polls are sent without Prefer', async () => {
    const engine = await fake();
    const arrived = deferred();
    engine.on = ({ headers }) => {
      if (!headers.prefer) return { body: {} };
      arrived.resolve();
      return null;
    };
    const options = { requestTimeout: 10_000, maxConnections: 64, maxHeldPolls: 1 };
    const baseUrl = new URL(engine.url);
    const transport = new Transport({ baseUrl, ...options }, redactor(SECRET));
    const poll = {
      method: 'POST',
      path: '/poll',
      body: () => '',
      wait: 25,
      idempotent: true,
    } as const;
    const controller = new AbortController();
    const first = transport.send({ ...poll, signal: controller.signal });
    await arrived.promise;
    expect(await transport.send(poll)).toMatchObject({ held: false });
    controller.abort();
    await expect(first).rejects.toThrow();
    expect(engine.calls.map(({ headers }) => headers.prefer)).toEqual(['wait=25', undefined]);
  });

  it('are not used for a call after a second, when proxies may close them', async () => {
    const stale = new Set<Socket>();
    const events = new EventEmitter();
    // As HAProxy does with `http-keep-alive 1s`, which it does not announce.
    const server = await raw((socket) => {
      if (stale.has(socket)) return socket.resetAndDestroy();
      setTimeout(() => events.emit('stale', stale.add(socket)), 1000);
      return socket.write(httpAnswer({ auth_request: TOKEN }));
    });
    const client = clientFor(server.url);
    expect(await client.authorize('alice')).toBe(TOKEN);
    await once(events, 'stale');
    expect(await client.authorize('alice')).toBe(TOKEN);
    expect(calls(server)).toHaveLength(2);
  });

  it('are closed by close() while idle, and opened again by later calls', async () => {
    const engine = await fake();
    const client = engine.client();
    const [socket] = (await Promise.all([once(engine.server, 'connection'), client.ping()]))[0];
    const closed = once(socket as Socket, 'close');
    client.close();
    await closed;
    expect(await client.authorize('alice')).toBe(TOKEN);
  });
});

/** An agent that counts its connections, as one that connects through a proxy makes its own. */
function countingAgent(Agent: typeof HttpAgent) {
  let connections = 0;
  class CountingAgent extends Agent {
    override createConnection(...args: Parameters<HttpAgent['createConnection']>) {
      connections += 1;
      return super.createConnection(...args);
    }
  }
  return { agent: new CountingAgent({ keepAlive: true }), connections: () => connections };
}

describe('the agent option', () => {
  it('makes the connections of short calls and of held polls', async () => {
    const engine = await fake();
    const { agent, connections } = countingAgent(HttpAgent);
    const client = engine.client({ agent });
    await client.authorize('alice');
    await client.pollRequest(TOKEN, { wait: 1 });
    expect(connections()).toBe(1);
    client.close();
    await client.logout(TOKEN);
    expect(connections()).toBe(1);
    agent.destroy();
  });

  it('leads to a CommunicationError that names the failure of an unusable agent', async () => {
    const engine = await fake();
    const agent = new HttpAgent();
    agent.createConnection = () => {
      throw new TypeError('The proxy has no address');
    };
    const error = await errorOf(engine.client({ agent }).authorize('alice'));
    expect(error).toMatchObject({ code: 'LAUNCHKEY_COMMUNICATION' });
    expect(error.message).toContain('The proxy has no address');
  });
});

describe('an environment with the globals of a browser', () => {
  /** The parts of jsdom's globals that differ from Node's: its timers are numbers. */
  function browserGlobals() {
    const [startTimer, stopTimer] = [setTimeout, clearTimeout];
    const timers: NodeJS.Timeout[] = [];
    vi.stubGlobal('setTimeout', (action: () => void, ms: number) =>
      timers.push(startTimer(action, ms)),
    );
    vi.stubGlobal('clearTimeout', (timer: number) => stopTimer(timers[timer - 1]));
    const target = { addEventListener: () => {}, removeEventListener: () => {} };
    return { signal: { aborted: false, ...target } as unknown as AbortSignal };
  }
  afterEach(() => vi.unstubAllGlobals());

  it('does not keep calls from being sent, and times them out', async () => {
    const engine = await fake();
    const { signal } = browserGlobals();
    const client = engine.client({ requestTimeout: 150 });
    expect(await client.authorize('alice', { signal })).toBe(TOKEN);
    engine.on = () => null;
    const error = await errorOf(client.authorize('alice', { signal }));
    expect(error.cause).toMatchObject({ code: 'ETIMEDOUT' });
  });
});

describe('a call that cannot be sent at all', () => {
  /** An agent that throws for all calls but the ping. */
  class FailingAgent extends HttpAgent {
    addRequest(request: { path: string }, ...rest: unknown[]) {
      if (!request.path.endsWith('/ping')) throw new RangeError(`No tunnel for ${SECRET}`);
      Reflect.get(HttpAgent.prototype, 'addRequest').call(this, request, ...rest);
    }
  }

  it('is a CommunicationError that names the failure and is not retryable', async () => {
    const engine = await fake();
    const client = engine.client({ agent: new FailingAgent(), secretKey: 'another-secret-key' });
    const error = await errorOf(client.authorize('alice'));
    expect(error).toMatchObject({ code: 'LAUNCHKEY_COMMUNICATION', retryable: false });
    expect(error.message).toContain('RangeError: No tunnel for');
    expect(engine.calls.map(({ path }) => path)).toEqual(['/ping']);
  });

  it('is an error without the failure where that quotes the secret key', async () => {
    const engine = await fake();
    const error = await errorOf(engine.client({ agent: new FailingAgent() }).authorize('alice'));
    expect(error.message).toContain('unknown error');
    expect(error.message).not.toContain(SECRET);
  });
});

describe('TLS', () => {
  const pair = makePair();
  const certificate = selfSigned(pair.privatePem);

  async function tlsEngine(): Promise<FakeEngine> {
    const server = createTlsServer({ key: pair.privatePem, cert: certificate });
    const engine = await FakeEngine.start(server as never);
    closing.push(() => engine.close());
    engine.url = engine.url.replace('http:', 'https:');
    return engine;
  }

  it('is accepted with a certificate of the ca option', async () => {
    const engine = await tlsEngine();
    expect(await engine.client({ ca: certificate }).authorize('alice')).toBe(TOKEN);
    expect(await engine.client({ ca: [Buffer.from(certificate)] }).authorize('alice')).toBe(TOKEN);
  });

  it('trusts ca over connections of the agent option, too', async () => {
    const engine = await tlsEngine();
    const { agent, connections } = countingAgent(HttpsAgent as typeof HttpAgent);
    expect(await engine.client({ ca: certificate, agent }).authorize('alice')).toBe(TOKEN);
    expect(connections()).toBe(1);
    agent.destroy();
  });

  it('is refused with a certificate of no known authority', async () => {
    const engine = await tlsEngine();
    const error = await errorOf(engine.client().authorize('alice'));
    expect(error.code).toBe('LAUNCHKEY_COMMUNICATION');
    expect(error.cause).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(engine.calls).toEqual([]);
  });

  it('is refused with a certificate for another host', async () => {
    const engine = await tlsEngine();
    engine.url = engine.url.replace('127.0.0.1', 'localhost');
    const error = await errorOf(engine.client({ ca: certificate }).authorize('alice'));
    expect(error.cause).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    expect(engine.calls).toEqual([]);
  });

  it('gets a new connection when the server closes one at its second use', async () => {
    const engine = await tlsEngine();
    const client = engine.client({ ca: certificate });
    await client.pollRequest(TOKEN);
    let count = 0;
    engine.on = ({ path, req }) => {
      if (path !== '/poll' || count++ > 0) return undefined;
      req.socket.end();
      return null;
    };
    expect(await client.pollRequest(TOKEN)).not.toBeNull();
    expect(count).toBe(2);
  });

  it('fails with a typed error against a plain-http engine', async () => {
    const engine = await fake();
    const error = await errorOf(
      engine.client({ apiBaseUrl: engine.url.replace('http:', 'https:') }).ping(),
    );
    expect(['LAUNCHKEY_COMMUNICATION', 'LAUNCHKEY_INVALID_RESPONSE']).toContain(error.code);
  });
});

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
