import { createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startEngine } from '../lib/index.js';
import type { Application } from './support/application.js';
import { temporary } from './support/data.js';
import { start } from './support/engine.js';
import { receiver } from './support/receiver.js';

async function isSigned(application: Application, text: string, signature: string | null) {
  const key = createPublicKey((await application.ping()).body.key.replace(/\n\n/g, '\n'));
  return verify('sha256', Buffer.from(text), key, Buffer.from(signature ?? '', 'base64'));
}

/** Everything but the signature, sorted by name and form-encoded: what `event_signature` is over. */
function signedText(query: URLSearchParams): string {
  const rest = new URLSearchParams(query);
  rest.delete('event_signature');
  rest.sort();
  return rest.toString();
}

describe('the event of an answer', () => {
  it('is a POST with everything in the query and no body', async () => {
    const callback = await receiver();
    const { engine, application } = await start({
      callbackUrl: callback.url,
      organization: 'Acme',
    });
    const token = await application.authorize('alice', { user_push_id: '1' });
    await engine.answer(token, true);
    const [event] = await callback.count(1);
    const polled = (await application.poll(token)).body;

    expect(event?.method).toBe('POST');
    expect(event?.headers['content-length']).toBe('0');
    expect(event?.body).toBe('');
    expect([...(event?.query.keys() ?? [])].sort()).toEqual([
      'auth',
      'auth_request',
      'event_id',
      'event_signature',
      'event_time',
      'organization_user',
      'user_hash',
      'user_push_id',
    ]);
    expect(event?.query.get('auth_request')).toBe(token);
    expect(event?.query.get('user_hash')).toBe(polled.user_hash);
    expect(event?.query.get('organization_user')).toBe(polled.organization_user);
    expect(event?.query.get('user_push_id')).toBe(polled.user_push_id);
    expect(application.decryptAuth(event?.query.get('auth') ?? '')).toMatchObject({
      auth_request: token,
      response: 'true',
    });
  });

  it('carries auth in lines of 64 without a backslash, as a polled answer', async () => {
    const callback = await receiver();
    const { engine, application } = await start({ callbackUrl: callback.url });
    const token = await application.authorize('alice');
    await engine.answer(token, true);
    const auth = (await callback.count(1))[0]?.query.get('auth');
    expect(auth?.split('\r\n').map((line) => line.length)).toEqual([64, 64, 64, 64, 64, 24]);
    expect(auth).toBe((await application.poll(token)).body.auth);
  });

  it('carries a signature over all other parameters, those of the callback URL included', async () => {
    const callback = await receiver([], '/callback?tenant=a+b&z=%C3%A9');
    const { engine, application } = await start({ callbackUrl: callback.url });
    await engine.answer(await application.authorize('alice'), false);
    const query = (await callback.count(1))[0]?.query ?? new URLSearchParams();
    expect(query.get('tenant')).toBe('a b');
    expect(query.get('event_time')).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(query.get('event_id')).toMatch(/^[0-9a-f-]{36}$/);
    const signature = query.get('event_signature');
    expect(await isSigned(application, signedText(query), signature)).toBe(true);
    query.set('user_hash', 'other');
    expect(await isSigned(application, signedText(query), signature)).toBe(false);
  });

  it('is sent again, as the same event, until it is taken; redirects are not followed', async () => {
    const callback = await receiver([500, 302, 404]);
    const { engine, application } = await start({
      callbackUrl: callback.url,
      delivery: { backoff: [0] },
    });
    await engine.answer(await application.authorize('alice'), true);
    const events = await callback.count(4);
    expect(new Set(events.map(({ query }) => query.get('event_id'))).size).toBe(1);
    expect(events.map(({ method }) => method)).toEqual(Array(4).fill('POST'));
  });

  it('waits 1, 2, 4, 8, 15, 30 and then 60 seconds of engine time, for five minutes', async () => {
    const callback = await receiver(Array(50).fill(503));
    let now = Date.now();
    const outcomes: string[] = [];
    let next: () => void = () => {};
    const note = (details: object, message: string) => {
      if (!message.startsWith('event')) return;
      outcomes.push(message);
      next();
      expect(JSON.stringify(details)).not.toContain('http://');
    };
    const { engine, application } = await start({
      clock: () => now,
      callbackUrl: callback.url,
      logger: { info: note, warn: note, error: note },
    });
    const outcome = () =>
      new Promise<void>((resolve) => {
        next = resolve;
      });
    const { Application } = await import('./support/application.js');
    const witness = await receiver();
    const other = new Application(
      engine.url,
      await engine.createApp({ name: 'Witness', callbackUrl: witness.url }),
    );
    /** Resolves when the engine has looked for due events: it has sent one that was. */
    const looked = async () => {
      const seen = witness.received.length;
      const asked = await other.authorize('alice', await other.stamped(now));
      await engine.answer(asked, false);
      await witness.count(seen + 1);
    };
    const first = outcome();
    const token = await application.authorize('alice', await application.stamped(now));
    await engine.answer(token, true);
    await first;
    for (const seconds of [1, 2, 4, 8, 15, 30, 60, 60, 60]) {
      const seen = callback.received.length;
      now += seconds * 1000 - 1;
      await looked();
      expect(callback.received.length).toBe(seen);
      const following = outcome();
      now += 1;
      await following;
      expect(callback.received.length).toBe(seen + 1);
    }
    expect(outcomes).toEqual([
      ...Array(9).fill('event failed, to be sent again'),
      'event given up',
    ]);
  });

  it('is sent again if the connection is refused', async () => {
    const failures: string[] = [];
    let give: () => void = () => {};
    const given = new Promise<void>((resolve) => {
      give = resolve;
    });
    const note = (details: object) => {
      failures.push((details as { failure: string }).failure);
      if (failures.length === 3) give();
    };
    const { engine, application } = await start({
      callbackUrl: 'http://127.0.0.1:1/callback',
      delivery: { backoff: [0] },
      logger: { info: note, warn: note, error: note },
    });
    await engine.answer(await application.authorize('alice'), true);
    await given;
    expect(failures.slice(0, 3)).toEqual(Array(3).fill('ECONNREFUSED'));
  });

  it.each([
    ['200 OK', 'delivered'],
    ['500 Internal Server Error', 'retried'],
  ])('is over in time although the response, %s, trickles in for ever', async (status, outcome) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.write(`HTTP/1.1 ${status}\r\nTransfer-Encoding: chunked\r\n\r\n`);
      const trickle = setInterval(() => socket.write('1\r\nx\r\n'), 20);
      socket.resume().on('close', () => clearInterval(trickle));
      onTestFinished(() => void socket.destroy());
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { engine, application } = await start({
      callbackUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      delivery: { timeout: 500 },
    });
    await engine.answer(await application.authorize('alice'), true);
    await counted(engine.url, `launchkey_deliveries_total{kind="answer",outcome="${outcome}"} 1\n`);
  });

  it('gets through although another application never answers', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    const sockets: Socket[] = [];
    server.on('connection', (socket) => sockets.push(socket.on('error', () => {})));
    onTestFinished(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    await once(server, 'listening');
    const { engine, application } = await start({
      callbackUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      delivery: { concurrency: 17, timeout: 600_000 },
    });
    for (let login = 0; login < 20; login += 1) {
      await engine.answer(await application.authorize('alice'), false);
    }
    const callback = await receiver();
    const { Application } = await import('./support/application.js');
    const credentials = await engine.createApp({ name: 'Other', callbackUrl: callback.url });
    const other = new Application(engine.url, credentials);
    await engine.answer(await other.authorize('alice'), true);
    expect(await callback.count(1)).toHaveLength(1);
  });

  it('is not sent where the application has no callback URL', async () => {
    const { engine, application } = await start();
    await engine.answer(await application.authorize('alice'), true);
    const metrics = await (await fetch(`${engine.url}/metrics`)).text();
    expect(metrics).toContain('\nlaunchkey_delivery_queue 0\n');
    expect(metrics).not.toContain('launchkey_deliveries_total{');
  });
});

describe('a de-orbit', () => {
  it('sends the user hash with both times, signed by the ping key', async () => {
    const callback = await receiver();
    const { engine, application } = await start({ callbackUrl: callback.url });
    const token = await application.authorize('alice');
    await engine.answer(token, true);
    const hash = (await application.poll(token)).body.user_hash;
    await engine.deorbit('alice', application.credentials.appKey);
    const query = (await callback.count(2))
      .map((event) => event.query)
      .find((one) => one.has('deorbit'));

    const deorbit = query?.get('deorbit') ?? '';
    expect(await isSigned(application, deorbit, query?.get('signature') ?? '')).toBe(true);
    const said = JSON.parse(deorbit);
    expect(Object.keys(said).sort()).toEqual(['api_time', 'launchkey_time', 'user_hash']);
    expect(said.user_hash).toBe(hash);
    expect(said.launchkey_time).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    expect(said.api_time).toBe(`${said.launchkey_time.replace(' ', 'T')}Z`);
    const signature = query?.get('event_signature') ?? '';
    expect(await isSigned(application, signedText(query ?? new URLSearchParams()), signature)).toBe(
      true,
    );
  });

  it('shows "pending clear" until Revoke arrives', async () => {
    const { engine, application } = await start();
    const token = await application.authorize('alice');
    await engine.answer(token, true);
    expect(await engine.deorbit('alice')).toMatchObject([
      { authRequest: token, state: 'pending clear' },
    ]);
    expect(await engine.sessions('alice')).toMatchObject([{ state: 'pending clear' }]);
    expect((await application.poll(token)).body.message_code).toBe(70404);
    expect((await application.log(token, 'Revoke')).status).toBe(200);
    expect(await engine.sessions('alice')).toEqual([]);
  });

  it('ends the sessions with one application, or with all', async () => {
    const { engine, application } = await start();
    const { Application } = await import('./support/application.js');
    const other = new Application(engine.url, await engine.createApp({ name: 'Other' }));
    for (const asking of [application, other]) {
      await engine.answer(await asking.authorize('alice'), true);
    }
    await engine.deorbit('alice', other.credentials.appKey);
    const states = async () =>
      (await engine.sessions('alice')).map(({ app, state }) => [app.name, state]);
    expect(await states()).toEqual([
      ['Shop', 'open'],
      ['Other', 'pending clear'],
    ]);
    await engine.deorbit('alice');
    expect((await states()).map(([, state]) => state)).toEqual(['pending clear', 'pending clear']);
  });

  it('is signed again before it is five minutes old, for a day, under the same event_id', async () => {
    const callback = await receiver([200, ...Array(100).fill(503)]);
    let now = Date.now();
    const { engine, application } = await start({
      clock: () => now,
      callbackUrl: callback.url,
      delivery: { backoff: [180_000] },
    });
    await engine.answer(await application.authorize('alice', await application.stamped(now)), true);
    await callback.count(1);
    const began = now;
    await engine.deorbit('alice');
    const logouts = async (count: number) => (await callback.count(count + 1)).slice(1);
    await logouts(1);
    const age = (text: string) => Date.parse(text) - Math.floor(began / 1000) * 1000;
    const times: number[] = [];
    for (let sent = 1; sent <= 4; sent += 1) {
      const event = (await logouts(sent))[sent - 1];
      times.push(age(JSON.parse(event?.query.get('deorbit') ?? '').api_time));
      expect(event?.query.get('event_id')).toBe((await logouts(1))[0]?.query.get('event_id'));
      await rescheduled(engine.url, sent);
      now += 180_000;
    }
    expect(times).toEqual([0, 0, 360_000, 360_000]);
  });

  it('is sent again in time, and dated by the new time, after the clock was put back', async () => {
    const callback = await receiver([200, 503]);
    let now = Date.now();
    const { engine, application } = await start({
      clock: () => now,
      callbackUrl: callback.url,
      delivery: { backoff: [60_000] },
    });
    await engine.answer(await application.authorize('alice'), true);
    await callback.count(1);
    await engine.deorbit('alice');
    await rescheduled(engine.url, 1);
    now -= 60 * 60_000;
    const [, , again] = await callback.count(3);
    const { api_time: time } = JSON.parse(again?.query.get('deorbit') ?? '');
    expect(Date.parse(time)).toBe(Math.floor(now / 1000) * 1000);
  });

  it('is sent, too, after the engine was away for longer than a day', async () => {
    const callback = await receiver([200, 503]);
    let now = Date.now();
    const data = join(await temporary(), 'engine.db');
    const options = { clock: () => now, data, virtualDevices: true };
    const { engine, application } = await start({ ...options, callbackUrl: callback.url });
    await engine.answer(await application.authorize('alice'), true);
    await callback.count(1);
    await engine.deorbit('alice');
    await rescheduled(engine.url, 1);
    await engine.close();

    now += 25 * 60 * 60_000;
    const again = await startEngine(options);
    onTestFinished(async () => await again.close());
    const [, first, late] = await callback.count(3);
    expect(late?.query.get('event_id')).toBe(first?.query.get('event_id'));
  });
});

/** Resolves when the engine has put this many failed logouts back into its queue. */
async function rescheduled(url: string, count: number): Promise<void> {
  await counted(url, `launchkey_deliveries_total{kind="logout",outcome="retried"} ${count}\n`);
}

/** Resolves when the metrics hold this line. */
async function counted(url: string, line: string): Promise<void> {
  let text = '';
  while (!text.includes(line)) text = await (await fetch(`${url}/metrics`)).text();
}
