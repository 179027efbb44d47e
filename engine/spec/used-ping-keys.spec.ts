import { createPublicKey, verify } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { MemoryData } from '../lib/data/memory/data.js';
import { PingKeys } from '../lib/domain/ping-keys.js';
import { UsedPingKeys } from '../lib/domain/used-ping-keys.js';
import { startEngine } from '../lib/index.js';
import { Application, stamp } from './support/application.js';
import { temporary } from './support/data.js';
import { Clock, start } from './support/engine.js';
import { type Received, receiver } from './support/receiver.js';

const MINUTE = 60_000;

/** A process of an application, which keeps the ping key of its only ping as Python does. */
class Process {
  readonly application: Application;
  private readonly clock: Clock;
  private pingKey = '';

  private constructor(application: Application, clock: Clock) {
    this.application = application;
    this.clock = clock;
  }

  static async start({ url, credentials }: Application, clock: Clock): Promise<Process> {
    const process = new Process(new Application(new URL(url).origin, credentials), clock);
    const { key } = (await process.application.ping()).body;
    process.pingKey = key.replace(/\n\n/g, '\n');
    return process;
  }

  async authorize(): Promise<string> {
    const { secretKey } = this.application.credentials;
    const text = JSON.stringify({ secret: secretKey, stamped: stamp(this.clock.now()) });
    const parameters = { ...(await this.application.envelope(text)), username: 'alice' };
    const { status, body } = await this.application.form('POST', '/auths', parameters);
    expect(status).toBe(200);
    return body.auth_request;
  }

  /** Whether the process takes a logout event for one of the engine. */
  takes(event: Received | undefined): boolean {
    const text = Buffer.from(event?.query.get('deorbit') ?? '');
    const signature = Buffer.from(event?.query.get('signature') ?? '', 'base64');
    return verify('sha256', text, createPublicKey(this.pingKey), signature);
  }
}

async function world(statuses: number[] = []) {
  const callback = await receiver(statuses);
  const started = await start({ callbackUrl: callback.url });
  const { engine, application, clock } = started;
  let events = 0;
  /** Logs in by this process, and out on the phone; returns the events of the logout. */
  const logout = async (process: Process, attempts = 1) => {
    await engine.answer(await process.authorize(), true);
    events += 1;
    await callback.count(events);
    await engine.deorbit('alice');
    events += attempts;
    return (await callback.count(events)).slice(-attempts);
  };
  const process = () => Process.start(application, clock);
  return { ...started, callback, logout, process };
}

describe('a logout after the ping key was rotated', () => {
  it('is signed by the key that the application knows, the old one or the new one', async () => {
    const { engine, logout, process, clock } = await world();
    const before = await process();
    await before.authorize();
    const callback = await receiver();
    const credentials = await engine.createApp({ name: 'Other', callbackUrl: callback.url });
    await engine.rotatePingKey();

    const [event] = await logout(before);
    expect(before.takes(event)).toBe(true);

    const other = await Process.start(new Application(engine.url, credentials), clock);
    expect(other.takes(event)).toBe(false);
    await engine.answer(await other.authorize(), true);
    await callback.count(1);
    await engine.deorbit('alice');
    const [, logoutOfOther] = await callback.count(2);
    expect(other.takes(logoutOfOther)).toBe(true);
    expect(before.takes(logoutOfOther)).toBe(false);
  });

  it('is signed by the older key while processes use both, and by the newer one afterwards', async () => {
    const { engine, logout, process, clock } = await world();
    const older = await process();
    await older.authorize();
    await engine.rotatePingKey();
    const newer = await process();
    await newer.authorize();
    expect(older.takes((await logout(newer))[0])).toBe(true);
    clock.advance(3 * MINUTE);
    expect(older.takes((await logout(older))[0])).toBe(true);
    clock.advance(3 * MINUTE);
    expect(older.takes((await logout(newer))[0])).toBe(true);
    clock.advance(3 * MINUTE);
    expect(newer.takes((await logout(newer))[0])).toBe(true);
    // The process of the older key was only idle.
    expect(older.takes((await logout(older))[0])).toBe(true);
  });

  it('is signed by the old key for as long as it decrypts, however long the application is idle', async () => {
    const { engine, process, clock, callback } = await world();
    const before = await process();
    await engine.answer(await before.authorize(), true);
    await callback.count(1);
    await engine.rotatePingKey();
    clock.advance(23 * 60 * MINUTE);
    await engine.deorbit('alice');
    expect(before.takes((await callback.count(2))[1])).toBe(true);
    clock.advance(60 * MINUTE);
    const after = await process();
    await engine.answer(await after.authorize(), true);
    await callback.count(3);
    await engine.deorbit('alice');
    expect(after.takes((await callback.count(4))[3])).toBe(true);
  });

  it('is signed by the other key when the application has not taken it', async () => {
    const { engine, logout, process, clock } = await world([200, 400]);
    const before = await process();
    await before.authorize();
    await engine.rotatePingKey();
    const restarted = await process();
    const sent = logout(restarted, 2);
    const moving = setInterval(() => clock.advance(500), 50);
    onTestFinished(() => clearInterval(moving));
    const [first, second] = await sent;
    expect([before.takes(first), restarted.takes(first)]).toEqual([true, false]);
    expect([before.takes(second), restarted.takes(second)]).toEqual([false, true]);
  });

  it('is signed by the key of before also by an engine that was restarted', async () => {
    const callback = await receiver();
    const data = join(await temporary(), 'engine.db');
    const clock = new Clock();
    const run = () =>
      startEngine({ clock: clock.now, rateLimit: false, data, virtualDevices: true });
    const first = await run();
    const credentials = await first.createApp({ name: 'Shop', callbackUrl: callback.url });
    await first.createUser('alice');
    const before = await Process.start(new Application(first.url, credentials), clock);
    await first.answer(await before.authorize(), true);
    await callback.count(1);
    await first.rotatePingKey();
    await first.close();
    const second = await run();
    onTestFinished(async () => await second.close());
    await second.deorbit('alice');
    expect(before.takes((await callback.count(2))[1])).toBe(true);
  });
});

describe('the ping keys that an application uses', () => {
  async function keys() {
    const data = new MemoryData();
    const clock = new Clock();
    const app = {
      appKey: '1234567890',
      name: 'Shop',
      secretHash: '',
      publicKey: '',
      disabled: false,
      createdAt: 0,
    };
    await data.apps.insert(app);
    const pingKeys = await PingKeys.open(data, clock.now, 24 * 60 * MINUTE);
    const used = new UsedPingKeys(data, pingKeys, clock.now);
    const write = vi.spyOn(data.apps, 'setUsedPingKeys');
    const old = pingKeys.current.fingerprint;
    const rotate = async () => (await pingKeys.rotate()).fingerprint;
    const note = async (key: string) =>
      await used.note((await data.apps.get(app.appKey)) ?? app, key);
    return { clock, write, old, rotate, note };
  }

  it('are written once for many calls, also for calls that come at once', async () => {
    const { clock, write, old, note } = await keys();
    await Promise.all(Array.from({ length: 100 }, () => note(old)));
    expect(write).toHaveBeenCalledTimes(1);
    for (let call = 0; call < 100; call += 1) {
      clock.advance(10 * MINUTE);
      await note(old);
    }
    expect(write).toHaveBeenCalledTimes(1);
  });

  it('are written once a minute at most while there are two, and not at all afterwards', async () => {
    const { clock, write, old, rotate, note } = await keys();
    await note(old);
    const newer = await rotate();
    for (let second = 0; second < 10 * 60; second += 10) {
      clock.advance(10_000);
      await note(old);
      await note(newer);
    }
    expect(write.mock.calls.length).toBeLessThanOrEqual(22);
    for (let minute = 0; minute < 7; minute += 1) {
      clock.advance(MINUTE);
      await note(newer);
    }
    const calls = write.mock.calls.length;
    for (let minute = 0; minute < 100; minute += 1) {
      clock.advance(MINUTE);
      await note(newer);
    }
    expect(write).toHaveBeenCalledTimes(calls);
  });
});
