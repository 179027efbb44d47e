import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { MemoryData } from '../lib/data/memory/data.js';
import { type Engine, type Logger, startEngine } from '../lib/index.js';
import { openVapidKeys, PushMessages } from '../lib/outbound/push-message.js';
import { Device } from './support/device.js';
import { type Started, share, start } from './support/engine.js';
import { http } from './support/http.js';
import { PushService, type Reaction, readVapid, Subscriber } from './support/push-service.js';

const PATIENT = { timeout: 20_000 };

interface Subscribed extends Started {
  service: PushService;
  device: Device;
  browser: Subscriber;
  logged: object[];
}

/** A logger, and all that it was told. */
function watch(): { logger: Logger; logged: object[] } {
  const logged: object[] = [];
  const note = (details: object) => {
    logged.push(details);
  };
  return { logger: { info: note, warn: note, error: note }, logged };
}

async function pairedDevice(engine: Engine, now?: () => number, user = 'alice'): Promise<Device> {
  return await Device.paired(engine.url, (await engine.pairDevice(user)).code, now);
}

/** An engine, and a device of alice's that wants to be woken by a push service which reacts so. */
async function subscribed(
  reactions: Reaction[] = [],
  { headers, push }: { headers?: Record<string, string>; push?: object } = {},
): Promise<Subscribed> {
  const service = await PushService.start(reactions, headers);
  const { logger, logged } = watch();
  const started = await start({ push: { ...service.options, ...push }, logger });
  const device = await pairedDevice(started.engine, started.clock.now);
  const browser = new Subscriber(service.origin);
  await subscribe(device, browser.subscription);
  return { ...started, service, device, browser, logged };
}

async function subscribe(device: Device, subscription: unknown): Promise<void> {
  const reply = await device.post('push', { subscription });
  if (reply.status !== 200) throw new Error(`push: ${reply.status} ${reply.text}`);
}

/** Waits until so many messages have had this outcome. */
async function outcome(engine: Engine, name: string, count = 1): Promise<void> {
  const metrics = async () => (await http(`${engine.url}/metrics`)).text;
  await expect
    .poll(metrics, PATIENT)
    .toContain(`launchkey_pushes_total{outcome="${name}"} ${count}\n`);
}

const isSubscribed = async (device: Device) => (await device.state()).body.device.push;

describe('a new request', () => {
  it('wakes the device by a declarative message that names no request and is encrypted for it', async () => {
    const { application, engine, service, browser, device } = await subscribed();
    expect(await isSubscribed(device)).toBe(true);
    await application.authorize('alice', { context: 'Order 1' });
    const [message] = await service.count(1);
    if (!message) throw new Error('There is no message.');
    expect(message.path).toBe(browser.path);
    expect(JSON.parse(browser.decrypt(message.body))).toEqual({
      web_push: 8030,
      notification: {
        title: expect.any(String),
        body: expect.any(String),
        lang: 'en',
        navigate: `${engine.url}/authenticator`,
        tag: 'request',
      },
      mutable: true,
    });
    expect(() => new Subscriber(service.origin).decrypt(message.body)).toThrow();
    expect(message.headers).toMatchObject({
      'content-encoding': 'aes128gcm',
      'content-type': 'application/notification+json',
      urgency: 'high',
      topic: 'look',
    });
    const ttl = Number(message.headers.ttl);
    expect(ttl).toBeGreaterThan(200);
    expect(ttl).toBeLessThanOrEqual(300);
    await outcome(engine, 'sent');
  });

  it('is announced with a separate VAPID signature for each push service', async () => {
    const { application, engine, service, device, clock } = await subscribed();
    const other = await PushService.start();
    const second = await pairedDevice(engine, clock.now);
    await subscribe(second, new Subscriber(other.origin).subscription);
    const { pushKey } = (await device.state()).body;
    expect(pushKey).toMatch(/^B[\w-]{86}$/);
    await application.authorize('alice');
    for (const one of [service, other]) {
      const [message] = await one.count(1);
      const { key, claims } = readVapid(message?.headers.authorization);
      expect(key).toBe(pushKey);
      expect(claims.aud).toBe(one.origin);
      expect(claims.sub).toBe('mailto:operator@localhost');
      const left = Number(claims.exp) - Date.now() / 1000;
      expect(left).toBeGreaterThan(0);
      expect(left).toBeLessThanOrEqual(24 * 3600);
    }
    await application.authorize('alice');
    const [first, next] = await service.count(2);
    expect(next?.headers.authorization).toBe(first?.headers.authorization);
  });

  it.each([
    ['https://lk.example.com/auth', 'https://lk.example.com/auth'],
    ['https://localhost:8443', 'mailto:operator@localhost'],
    ['http://lk.example.com', 'mailto:operator@localhost'],
  ])('names the operator of %s as %s', async (publicUrl, contact) => {
    const messages = new PushMessages(await openVapidKeys(new MemoryData()), publicUrl, () => '');
    const origin = 'https://push.example.com';
    const { endpoint, keys } = new Subscriber(origin).subscription;
    const { headers } = messages.make({ endpoint, ...keys }, 300);
    const { key, claims } = readVapid(headers.authorization);
    expect([key, claims]).toEqual([
      messages.publicKey,
      { aud: origin, sub: contact, exp: expect.any(Number) },
    ]);
  });

  it('wakes every device that has subscribed, the ones that hold a connection too', async () => {
    const { application, engine, service, browser, device, clock } = await subscribed();
    const second = await pairedDevice(engine, clock.now);
    const other = new Subscriber(service.origin);
    await subscribe(second, other.subscription);
    await pairedDevice(engine, clock.now);
    const { version } = (await device.state()).body;
    const held = device.state(version);
    await application.authorize('alice');
    expect((await held).status).toBe(200);
    const paths = (await service.count(2)).map(({ path }) => path);
    expect(paths.sort()).toEqual([browser.path, other.path].sort());
    await outcome(engine, 'sent', 2);
  });

  it('wakes no device that is unpaired, unsubscribed, or of another user', async () => {
    const { application, engine, service, browser, device, clock } = await subscribed();
    const second = await pairedDevice(engine, clock.now);
    await subscribe(second, new Subscriber(service.origin).subscription);
    await engine.unpairDevice('alice', second.id);
    await subscribe(device, null);
    expect(await isSubscribed(device)).toBe(false);
    await engine.createUser('bob');
    await application.authorize('bob');
    await application.authorize('alice');
    await subscribe(device, browser.subscription);
    await application.authorize('alice');
    await outcome(engine, 'sent');
    expect(service.received.map(({ path }) => path)).toEqual([browser.path]);
  });
});

describe('a push service that', () => {
  it('fails is tried again, and the request is there all the same', async () => {
    const { application, engine, service, browser, device, logged } = await subscribed([500, 503]);
    const token = await application.authorize('alice');
    const messages = await service.count(3);
    const texts = new Set(messages.map(({ body }) => browser.decrypt(body)));
    expect([...texts]).toEqual([expect.stringContaining('"web_push":8030')]);
    await outcome(engine, 'sent');
    expect((await device.state()).body.requests).toMatchObject([{ authRequest: token }]);
    expect(logged).toMatchObject([
      { deviceId: device.id, attempts: 1, failure: 'HTTP 500' },
      { deviceId: device.id, attempts: 2, failure: 'HTTP 503' },
    ]);
    expect(JSON.stringify(logged)).not.toContain(browser.path);
  });

  it('goes on failing is left alone after a few attempts, and stays subscribed to', async () => {
    const { application, engine, service, device } = await subscribed([500, 500, 500, 500]);
    await application.authorize('alice');
    await outcome(engine, 'given up');
    expect(service.received).toHaveLength(3);
    expect(await isSubscribed(device)).toBe(true);
  });

  it('never answers holds up neither the application nor other devices', async () => {
    const never: Reaction[] = ['hold', 'hold', 'hold'];
    const slow = await subscribed(never, { push: { timeout: 500 } });
    const { application, engine, service, device, clock, logged } = slow;
    const quick = new Subscriber(service.origin);
    const token = await application.authorize('alice');
    await service.count(1);
    // The message is being held: the application has its token, and the answer goes its way.
    expect((await device.answer(true)).status).toBe(200);
    expect((await application.poll(token)).body).toMatchObject({ auth: expect.any(String) });
    await subscribe(await pairedDevice(engine, clock.now), quick.subscription);
    await application.authorize('alice');
    await expect
      .poll(() => service.received.map(({ path }) => path), PATIENT)
      .toContain(quick.path);
    await expect
      .poll(() => logged, PATIENT)
      .toContainEqual(expect.objectContaining({ failure: 'timeout' }));
  });

  it.each([404, 410])('says %i has the device unsubscribed', async (status) => {
    const { application, engine, service, browser, device } = await subscribed([status]);
    await application.authorize('alice');
    await outcome(engine, 'unsubscribed');
    await expect.poll(() => isSubscribed(device), PATIENT).toBe(false);
    expect(await engine.audit({ username: 'alice' })).toContainEqual(
      expect.objectContaining({
        kind: 'push.unsubscribed',
        deviceId: device.id,
        details: { by: 'push service' },
      }),
    );
    const renewed = new Subscriber(service.origin);
    await subscribe(device, renewed.subscription);
    await application.authorize('alice');
    const paths = (await service.count(2)).map(({ path }) => path);
    expect(paths).toEqual([browser.path, renewed.path]);
  });

  it('says so of a subscription that was replaced meanwhile ends the old one only', async () => {
    const { application, engine, service, device } = await subscribed(['hold']);
    await application.authorize('alice');
    await service.count(1);
    const renewed = new Subscriber(service.origin);
    await subscribe(device, renewed.subscription);
    service.held[0]?.writeHead(410).end();
    await outcome(engine, 'unsubscribed');
    await application.authorize('alice');
    expect((await service.count(2))[1]?.path).toBe(renewed.path);
  });

  it.each([301, 400, 403])('refuses with %i is not asked again', async (status) => {
    const headers = { location: '/elsewhere' };
    const { application, engine, service, device } = await subscribed([status], { headers });
    await application.authorize('alice');
    await outcome(engine, 'given up');
    expect(service.received).toHaveLength(1);
    expect(await isSubscribed(device)).toBe(true);
  });

  it('asks to wait for longer than the request lives is not asked again', async () => {
    const headers = { 'retry-after': '301' };
    const { application, engine, service } = await subscribed([429], { headers });
    await application.authorize('alice');
    await outcome(engine, 'given up');
    expect(service.received).toHaveLength(1);
  });
});

describe('a message that could not be sent at once', () => {
  it('is not sent any more when the request has been answered', async () => {
    const { application, engine, service, device } = await subscribed(['hold']);
    await application.authorize('alice');
    await service.count(1);
    await device.answer(false);
    service.held[0]?.writeHead(500).end();
    await outcome(engine, 'not needed');
    expect(service.received).toHaveLength(1);
  });

  it('is not sent any more when the request is over', async () => {
    const { application, engine, service, clock } = await subscribed(['hold']);
    await application.authorize('alice');
    await service.count(1);
    clock.advance(300_000);
    service.held[0]?.writeHead(500).end();
    await outcome(engine, 'not needed');
    expect(service.received).toHaveLength(1);
  });

  it('is not sent any more when its user has reported fraud', async () => {
    const { application, engine, service, device } = await subscribed(['hold', 201]);
    await application.authorize('alice');
    await service.count(1);
    await application.authorize('alice');
    await outcome(engine, 'sent');
    // The second one is fraud. The first one is open still, but its sender must be stopped.
    const { requests } = (await device.state()).body;
    await device.post('answer', device.answerBody(requests[1], false, { reason: 'fraudulent' }));
    service.held[0]?.writeHead(500).end();
    await outcome(engine, 'not needed');
    expect(service.received).toHaveLength(2);
    expect((await application.auths({ username: 'alice' })).status).not.toBe(200);
    expect(service.received).toHaveLength(2);
  });

  it('does not keep the engine from closing', async () => {
    const { application, engine, service } = await subscribed(['hold', 500], {
      push: { backoff: [60_000] },
    });
    await application.authorize('alice');
    await application.authorize('alice');
    await outcome(engine, 'retried');
    await service.count(2);
    await engine.close();
    expect(service.received).toHaveLength(2);
  });
});

describe('a subscription', () => {
  const good = () => new Subscriber('https://push.example.com').subscription;

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a text', 'https://push.example.com/'],
    ['no endpoint', { ...good(), endpoint: undefined }],
    ['an endpoint without TLS', { ...good(), endpoint: 'http://push.example.com/x' }],
    ['an endpoint with credentials', { ...good(), endpoint: 'https://a:b@push.example.com/x' }],
    ['a long endpoint', { ...good(), endpoint: `https://push.example.com/${'x'.repeat(2048)}` }],
    ['an endpoint on the engine’s machine', { ...good(), endpoint: 'https://127.0.0.1/x' }],
    ['one of a private network', { ...good(), endpoint: 'https://[fd00::1]/x' }],
    ['one of a cloud’s metadata', { ...good(), endpoint: 'https://169.254.169.254/x' }],
    ['no keys', { ...good(), keys: undefined }],
    ['a short secret', { ...good(), keys: { ...good().keys, auth: 'AAAA' } }],
    [
      'a point off the curve',
      { ...good(), keys: { ...good().keys, p256dh: `BA${'A'.repeat(85)}` } },
    ],
    ['a compressed point', { ...good(), keys: { ...good().keys, p256dh: 'A'.repeat(44) } }],
  ])('is refused with %s', async (_name, subscription) => {
    const { engine, user } = await share();
    const device = await pairedDevice(engine, undefined, user);
    const reply = await device.post('push', { subscription });
    expect([reply.status, reply.body.error.code]).toEqual([400, 'invalid']);
    expect(await isSubscribed(device)).toBe(false);
  });

  it('is written down without what lets others send', async () => {
    const { engine, service, browser, device } = await subscribed();
    const audit = await engine.audit({ username: 'alice' });
    expect(audit[0]).toMatchObject({
      kind: 'push.subscribed',
      deviceId: device.id,
      details: { service: new URL(service.origin).host },
    });
    expect(JSON.stringify([audit, await engine.devices('alice')])).not.toContain(browser.path);
    await subscribe(device, browser.subscription);
    expect(await engine.audit({ username: 'alice' })).toHaveLength(audit.length);
  });

  it('has the engine connect to no name of an address that is not public', async () => {
    const service = await PushService.start();
    const { logger, logged } = watch();
    const { engine, application } = await start({ push: { ca: service.ca }, logger });
    const device = await pairedDevice(engine);
    const origin = service.origin.replace('127.0.0.1', 'localhost');
    await subscribe(device, new Subscriber(origin).subscription);
    await application.authorize('alice');
    await outcome(engine, 'given up');
    expect(logged).toMatchObject([{ failure: 'ADDRESS_NOT_ALLOWED', attempts: 1 }]);
    expect(service.connections).toBe(0);
  });

  it('outlives a restart, as the key does that it was made with', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'launchkey-push-'));
    onTestFinished(async () => await rm(folder, { recursive: true }));
    const data = join(folder, 'engine.db');
    const service = await PushService.start();
    const { options } = service;
    const first = await start({ data, push: options });
    const device = await pairedDevice(first.engine);
    await subscribe(device, new Subscriber(service.origin).subscription);
    const { pushKey } = (await device.state()).body;
    await first.engine.close();

    const port = Number(new URL(first.engine.url).port);
    const second = await startEngine({ data, port, push: options });
    onTestFinished(async () => await second.close());
    expect((await device.state()).body).toMatchObject({ pushKey, device: { push: true } });
  });
});

describe('the option push', () => {
  it.each<[string, object]>([
    ['another member', { subject: 'mailto:a@example.com' }],
    ['networks that are none', { networks: ['example.com'] }],
    ['a backoff of another kind', { backoff: 5 }],
    ['a timeout of another kind', { timeout: 0 }],
    ['certificates of another kind', { ca: 5 }],
  ])('is refused with %s', async (_name, push) => {
    await expect(startEngine({ push })).rejects.toMatchObject({ code: 'ENGINE_INVALID_OPTION' });
  });
});
