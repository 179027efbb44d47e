import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect, promisify } from 'node:util';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { programPath } from '../../spec/support/shared.js';
import {
  type AppOptions,
  type EngineOptions,
  LaunchKeyEngineError,
  startEngine,
} from '../lib/index.js';
import { share, start } from './support/engine.js';
import { http } from './support/http.js';

describe('startEngine', () => {
  it.each([
    [{ ports: 1 }, 'ENGINE_INVALID_OPTION', /Unknown option "ports"/],
    [{ data: '' }, 'ENGINE_INVALID_OPTION', /data must be/],
    [{ data: '/dev/null/x' }, 'ENGINE_DATA', /x cannot be opened: ENOTDIR/],
    [{ data: 'x', databaseUrl: 'postgres://x' }, 'ENGINE_INVALID_OPTION', /Use one of them/],
    [{ databaseUrl: 'mysql://x' }, 'ENGINE_INVALID_OPTION', /databaseUrl must be .* postgres:/],
    [
      { databaseUrl: 'postgres://x' },
      'ENGINE_INVALID_OPTION',
      /requires the option key or keyFile/,
    ],
    [{ databaseUrl: 'postgres://x', key: 'abc' }, 'ENGINE_INVALID_OPTION', /base64 of 32 bytes/],
    [{ port: 70_000 }, 'ENGINE_INVALID_OPTION', /port must be .* not 70000/],
    [{ host: '' }, 'ENGINE_INVALID_OPTION', /host must be/],
    [{ clock: 5 }, 'ENGINE_INVALID_OPTION', /clock must be a function/],
    [{ requestTtl: 0 }, 'ENGINE_INVALID_OPTION', /requestTtl must be/],
    [{ rateLimit: true }, 'ENGINE_INVALID_OPTION', /rateLimit must be/],
    [
      { rateLimit: { windows: [{ requests: 0, seconds: 1 }] } },
      'ENGINE_INVALID_OPTION',
      /requests/,
    ],
    [
      { rateLimit: { windows: [{ requests: 1, seconds: 1 }], window: 1 } },
      'ENGINE_INVALID_OPTION',
      /rateLimit must be an object with the members windows/,
    ],
    [
      { rateLimit: { windows: [{ requests: 1, seconds: 1, second: 1 }] } },
      'ENGINE_INVALID_OPTION',
      /windows\[\] must be an object with the members requests, seconds/,
    ],
    [{ rateLimit: { windows: [null] } }, 'ENGINE_INVALID_OPTION', /windows\[\] must be an object/],
    [{ delivery: { backoff: [] } }, 'ENGINE_INVALID_OPTION', /backoff/],
    [{ limits: { users: 1 } }, 'ENGINE_INVALID_OPTION', /limits must be/],
    [{ limits: { toString: 1 } }, 'ENGINE_INVALID_OPTION', /limits must be/],
    [
      { delivery: { timeuot: 1 } },
      'ENGINE_INVALID_OPTION',
      /delivery must be an object with the members backoff/,
    ],
    [{ delivery: null }, 'ENGINE_INVALID_OPTION', /delivery must be/],
    [{ logger: { info() {} } }, 'ENGINE_INVALID_OPTION', /logger must be/],
    [{ clock: () => Number.NaN }, 'ENGINE_INVALID_OPTION', /clock must be a function/],
    [{ publicUrl: 'engine.example.com' }, 'ENGINE_INVALID_OPTION', /publicUrl must be/],
    [{ publicUrl: 'https://a:b@example.com' }, 'ENGINE_INVALID_OPTION', /publicUrl must be/],
    [{ publicUrl: 'https://example.com?a=b' }, 'ENGINE_INVALID_OPTION', /publicUrl must be/],
  ])('refuses %j', async (options, code, message) => {
    const starting = startEngine(options as EngineOptions);
    await expect(starting).rejects.toBeInstanceOf(LaunchKeyEngineError);
    await expect(starting).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('says that a port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await expect(startEngine({ port })).rejects.toMatchObject({
      code: 'ENGINE_LISTEN',
      message: `Cannot listen on 127.0.0.1, port ${port}: EADDRINUSE. Choose another port or host.`,
    });
  });

  it('runs several engines in one process', async () => {
    const [first, second] = await Promise.all([start(), start()]);
    await first?.application.authorize('alice');
    expect(await second?.engine.requests('alice')).toEqual([]);
  });
});

describe('the methods of an engine', () => {
  it('create credentials that are an application’s own, and return nothing else', async () => {
    const { engine } = await share();
    const callbackUrl = 'https://app.example.com/callback';
    const app = await engine.createApp({ name: 'Blog', callbackUrl });
    expect(app).toStrictEqual({
      appKey: expect.stringMatching(/^[1-9]\d{9}$/),
      secretKey: expect.stringMatching(/^[A-Za-z0-9]{32}$/),
      privateKey: expect.stringMatching(/^-----BEGIN RSA PRIVATE KEY-----\n/),
      publicKey: expect.stringMatching(/^-----BEGIN PUBLIC KEY-----\n/),
    });
    expect(await engine.apps()).toContainEqual({
      appKey: app.appKey,
      name: 'Blog',
      callbackUrl,
      organization: undefined,
      strictStamps: false,
      disabled: false,
      createdAt: expect.any(Date),
    });
  });

  it.each([
    [{ name: '' }],
    [{ name: 'x'.repeat(101) }],
    [{ name: 'x', callbackUrl: 'ftp://example.com' }],
    [{ name: 'x', callbackUrl: '/callback' }],
    [{ name: 'x', callbackUrl: 'https://user:secret@example.com' }],
    [{ name: 'x', callbackUrl: 'https://example.com/#there' }],
    [{ name: 'x', callbackURL: 'https://example.com' } as AppOptions],
    [{ name: 'a\u009b31mb' }],
    [undefined as unknown as AppOptions],
  ])('refuse an application of %j', async (options) => {
    const { engine } = await share();
    await expect(engine.createApp(options)).rejects.toMatchObject({
      code: 'ENGINE_INVALID_OPTION',
    });
  });

  it('refuse a user name that is taken or not allowed', async () => {
    const { engine, user } = await share();
    await expect(engine.createUser(user)).rejects.toMatchObject({ code: 'ENGINE_USER_EXISTS' });
    for (const name of ['', 'a@b', 'x'.repeat(201), 'a\nb', 'a\u009bb', 'a\u2028b', 'a\ud800']) {
      await expect(engine.createUser(name)).rejects.toMatchObject({
        code: 'ENGINE_INVALID_OPTION',
      });
    }
    expect(await engine.users()).toContainEqual({
      username: user,
      hasDevice: true,
      devices: 0,
      createdAt: expect.any(Date),
    });
  });

  it('throw a clear error for what does not exist', async () => {
    const { engine, user } = await share();
    const unknown = async (call: Promise<unknown>, code: string, message: RegExp) =>
      await expect(call).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    await unknown(engine.requests('nobody'), 'ENGINE_UNKNOWN_USER', /"nobody"/);
    await unknown(engine.sessions('nobody'), 'ENGINE_UNKNOWN_USER', /"nobody"/);
    await unknown(engine.deorbit('nobody'), 'ENGINE_UNKNOWN_USER', /"nobody"/);
    await unknown(engine.deorbit(user, '1234567890'), 'ENGINE_UNKNOWN_APP', /1234567890/);
    await unknown(engine.disableApp('1234567890'), 'ENGINE_UNKNOWN_APP', /1234567890/);
    await unknown(engine.answer('nothing', true), 'ENGINE_UNKNOWN_REQUEST', /no open auth request/);
    await unknown(engine.pair(undefined as never), 'ENGINE_UNKNOWN_CODE', /mistyped/);
    await unknown(engine.pair('AAAA-AAAA'), 'ENGINE_UNKNOWN_CODE', /mistyped/);
  });

  it('take the first answer only, also of many at one moment', async () => {
    const { engine, application, user } = await share();
    const token = await application.authorize(user);
    const answers = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) => engine.answer(token, index % 2 === 0)),
    );
    expect(answers.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    await expect(engine.answer(token, true)).rejects.toMatchObject({
      code: 'ENGINE_REQUEST_ANSWERED',
    });
  });

  it('name the token of no request in an error', async () => {
    const { engine, application, clock } = await start();
    const answered = await application.authorize('alice');
    const late = await application.authorize('alice');
    await engine.answer(answered, true);
    clock.advance(299_000);
    const refused = [await engine.answer(answered, true).catch((error) => error)];
    clock.advance(1000);
    refused.push(await engine.answer(late, true).catch((error) => error));
    const codes = refused.map(({ code }) => code);
    expect(codes).toEqual(['ENGINE_REQUEST_ANSWERED', 'ENGINE_REQUEST_EXPIRED']);
    const printed = inspect(refused, { depth: 9, showHidden: true });
    for (const token of [answered, late]) expect(printed).not.toContain(token);
  });

  it('take nothing but true for a yes and false for a no', async () => {
    const { engine, application, user } = await share();
    const token = await application.authorize(user);
    for (const approve of ['false', undefined, 1] as unknown as boolean[]) {
      await expect(engine.answer(token, approve)).rejects.toMatchObject({
        code: 'ENGINE_INVALID_OPTION',
      });
    }
    expect(await engine.requests(user)).toHaveLength(1);
  });

  it('refuse an answer that comes too late, and a reason for a yes', async () => {
    const { engine, application, clock } = await start();
    const token = await application.authorize('alice');
    await expect(engine.answer(token, true, { reason: 'fraudulent' })).rejects.toMatchObject({
      code: 'ENGINE_INVALID_OPTION',
    });
    clock.advance(300_000);
    expect(await engine.requests('alice')).toEqual([]);
    await expect(engine.answer(token, true)).rejects.toMatchObject({
      code: 'ENGINE_REQUEST_EXPIRED',
    });
  });

  it('reject once the engine is closed', async () => {
    const { engine } = await start();
    await engine.close();
    await engine.close();
    await expect(engine.createUser('bob')).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
  });
});

describe('the pages for operators', () => {
  it.each(['/healthz', '/readyz'])('%s says ok, to HEAD as well', async (path) => {
    const { engine } = await share();
    const { status, text } = await http(`${engine.url}${path}`);
    expect([status, text]).toEqual([200, 'ok\n']);
    expect((await http(`${engine.url}${path}`, { method: 'HEAD' })).status).toBe(200);
  });

  it('/metrics follows the conventions of Prometheus', async () => {
    const { engine, application } = await start();
    await application.authorize('alice');
    const { text } = await http(`${engine.url}/metrics`);
    for (const name of [
      'launchkey_build_info{version="',
      'launchkey_http_request_duration_seconds_bucket{le="0.1",route="/v1/auths",status="2xx"}',
      'launchkey_data_step_duration_seconds_count{kind="durable"}',
      'launchkey_delivery_oldest_age_seconds 0',
      'launchkey_ready 1',
      'process_cpu_seconds_total',
      'nodejs_eventloop_lag_seconds',
    ]) {
      expect(text).toContain(`\n${name}`);
    }
  });

  it('/metrics has a port of its own with metricsListen, and none else serves it', async () => {
    const engine = await startEngine({ metricsListen: '127.0.0.1:0' });
    onTestFinished(async () => await engine.close());
    const { metricsUrl = '' } = engine;
    expect((await http(metricsUrl)).text).toContain('launchkey_ready 1');
    expect((await http(new URL('/readyz', metricsUrl).href)).status).toBe(200);
    expect((await http(new URL('/v1/ping', metricsUrl).href)).status).toBe(404);
    expect((await http(`${engine.url}/metrics`)).status).toBe(404);
    await expect(startEngine({ metricsListen: '9464' })).rejects.toThrow(
      'The option metricsListen must be an address and a port such as 127.0.0.1:9464, not "9464".',
    );
  });

  it('logs the answer of each user with the option logLogins alone', async () => {
    for (const logLogins of [true, false]) {
      const info = vi.fn();
      const logger = { info, warn: vi.fn(), error: vi.fn() };
      const { engine, application } = await start({ logLogins, logger });
      await engine.answer(await application.authorize('alice'), true);
      const about = { username: 'alice', appKey: application.credentials.appKey, approved: true };
      const lines = info.mock.calls.filter(([, message]) => message === 'login answered');
      expect(lines).toEqual(logLogins ? [[expect.objectContaining(about), 'login answered']] : []);
    }
  });

  it('/metrics counts calls by outcome and contains no names', async () => {
    const { engine, application } = await start();
    await application.authorize('alice');
    await application.auths({ username: 'nobody' });
    const { text } = await http(`${engine.url}/metrics`);
    expect(text).toContain('launchkey_calls_total{call="auths",outcome="answered"} 1\n');
    expect(text).toContain('launchkey_calls_total{call="auths",outcome="40426"} 1\n');
    expect(text).toContain('\nlaunchkey_pending_requests 1\n');
    expect(text).not.toMatch(/alice|nobody|Shop/);
    expect(text).not.toContain(application.credentials.appKey);
  });
});

describe('close', () => {
  it('leaves nothing behind: the process ends by itself', async () => {
    const program = await programPath('whole-life');
    const { stdout } = await promisify(execFile)(process.execPath, [program]);
    expect(stdout).toBe('answered 200, held 503, closed\n');
  });
});
