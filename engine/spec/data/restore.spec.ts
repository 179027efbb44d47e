import { expect, it, onTestFinished } from 'vitest';
import { Vault } from '../../lib/data/sql/vault.js';
import { type EngineOptions, startEngine } from '../../lib/index.js';
import { Application } from '../support/application.js';
import { Device } from '../support/device.js';
import { Clock } from '../support/engine.js';
import { describeWithPostgres } from '../support/postgres.js';
import { receiver } from '../support/receiver.js';

const BACKOFF = 30_000;

describeWithPostgres('a dump of PostgreSQL, restored into an empty database', (server) => {
  async function open(options: EngineOptions) {
    const engine = await startEngine({
      rateLimit: false,
      virtualDevices: true,
      delivery: { backoff: [BACKOFF] },
      ...options,
    });
    onTestFinished(async () => await engine.close());
    return engine;
  }

  it('is what the engine goes on with: applications, phones, requests, sessions, events', async () => {
    const databaseUrl = await server().database();
    const key = Vault.newKey();
    const clock = new Clock();
    const first = await open({ databaseUrl, key, clock: clock.now });
    const callback = await receiver([503]);
    const credentials = await first.createApp({ name: 'Shop', callbackUrl: callback.url });
    await first.createUser('alice');
    const phone = await Device.paired(first.url, (await first.pairDevice('alice')).code, clock.now);
    const before = new Application(first.url, credentials);
    const pingKey = (await before.ping()).body.key;
    const opened = await before.authorize('alice');
    expect((await phone.answer(true)).status).toBe(200);
    const [refused] = await callback.count(1);
    const waiting = await before.authorize('alice');

    const dump = server().dump(databaseUrl);
    await first.createUser('bob');
    await first.close();
    const restored = { databaseUrl: await server().restore(dump), clock: clock.now };

    await expect(startEngine({ ...restored, key: Vault.newKey() })).rejects.toMatchObject({
      code: 'ENGINE_DATA',
      message: expect.stringMatching(/key does not open this database/),
    });
    const second = await open({ ...restored, key });
    expect(await second.users()).toMatchObject([{ username: 'alice', devices: 1 }]);
    const after = new Application(second.url, credentials);
    expect((await after.ping()).body.key).toBe(pingKey);
    expect(await second.sessions('alice')).toMatchObject([{ authRequest: opened, state: 'open' }]);
    expect((await after.poll(opened)).status).toBe(200);
    expect(await second.receipt(opened)).toMatchObject({ deviceId: phone.id, approved: true });

    clock.advance(BACKOFF);
    const [, again] = await callback.count(2);
    expect(again?.query.get('event_id')).toBe(refused?.query.get('event_id'));
    expect(again?.query.get('auth_request')).toBe(opened);

    const moved = phone.at(second.url);
    expect((await moved.answer(true)).status).toBe(200);
    const polled = await after.poll(waiting);
    expect(after.decryptAuth(polled.body.auth)).toMatchObject({
      auth_request: waiting,
      response: 'true',
      device_id: phone.id,
    });
    await callback.count(3);
    await second.deorbit('alice');
    const [, , , logout] = await callback.count(4);
    expect(JSON.parse(logout?.query.get('deorbit') ?? '')).toMatchObject({
      user_hash: polled.body.user_hash,
    });
  });
});
