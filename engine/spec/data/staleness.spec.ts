import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Vault } from '../../lib/data/sql/vault.js';
import { type Engine, type EngineOptions, startEngine } from '../../lib/index.js';
import { Application } from '../support/application.js';
import { temporary } from '../support/data.js';
import { Device } from '../support/device.js';
import { describeWithPostgres } from '../support/postgres.js';

async function start(options: EngineOptions): Promise<Engine> {
  const engine = await startEngine({ rateLimit: false, ...options });
  onTestFinished(async () => await engine.close());
  return engine;
}

/**
 * The engine that changes the data, and an application and a device that the other one has served, so
 * that it remembers what it can.
 */
async function used(engines: () => Promise<{ engine: Engine; serving: Engine }>) {
  const { engine, serving } = await engines();
  const credentials = await engine.createApp({ name: 'Shop' });
  await engine.createUser('alice');
  const { code } = await engine.pairDevice('alice');
  const device = await Device.paired(serving.url, code);
  const application = new Application(serving.url, credentials);
  const authRequest = await application.authorize('alice');
  for (let call = 0; call < 2; call += 1) {
    expect(await application.authorize('alice')).toMatch(/^[a-z0-9]{32}$/);
    expect((await application.poll(authRequest)).body.message_code).toBe(70403);
    expect((await device.state()).status).toBe(200);
  }
  return { engine, serving, credentials, application, device, authRequest };
}

function tests(engines: () => Promise<{ engine: Engine; serving: Engine }>): void {
  it('is refused for credentials that were replaced', async () => {
    const { engine, serving, credentials, application } = await used(engines);
    const next = await engine.rotateApp(credentials.appKey);
    expect((await application.auths({ username: 'alice' })).body.message_code).toBe(40428);
    const rotated = new Application(serving.url, { ...credentials, ...next });
    expect((await rotated.auths({ username: 'alice' })).status).toBe(200);
  });

  it('is refused for an application that was disabled, until it is enabled', async () => {
    const { engine, credentials, application } = await used(engines);
    await engine.disableApp(credentials.appKey);
    expect((await application.auths({ username: 'alice' })).body.message_code).toBe(40435);
    await engine.enableApp(credentials.appKey);
    expect((await application.auths({ username: 'alice' })).status).toBe(200);
  });

  it('is refused for an application that was deleted', async () => {
    const { engine, credentials, application, device } = await used(engines);
    await engine.deleteApp(credentials.appKey);
    expect((await application.auths({ username: 'alice' })).body.message_code).toBe(40425);
    expect((await device.state()).body.requests).toEqual([]);
  });

  it('is refused for a device that was unpaired', async () => {
    const { engine, device } = await used(engines);
    await engine.unpairDevice('alice', device.id);
    expect((await device.state()).body.error.code).toBe('unpaired');
  });

  it('is refused for a user who was deleted, and for their device', async () => {
    const { engine, application, device } = await used(engines);
    await engine.deleteUser('alice');
    expect((await device.state()).body.error.code).toBe('unpaired');
    expect((await application.auths({ username: 'alice' })).body.message_code).toBe(40426);
  });

  it('shows a device under its new name', async () => {
    const { device } = await used(engines);
    expect(
      (await device.post('devices/rename', { deviceId: device.id, name: 'Tablet' })).status,
    ).toBe(200);
    expect((await device.state()).body.device.name).toBe('Tablet');
  });

  it('shows a request as expired when the last device that could answer it was unpaired', async () => {
    const { engine, application, device, authRequest } = await used(engines);
    await engine.unpairDevice('alice', device.id);
    expect((await application.poll(authRequest)).body.message_code).toBe(70404);
  });

  it('shows a request as unknown when its user was deleted', async () => {
    const { engine, application, authRequest } = await used(engines);
    await engine.deleteUser('alice');
    expect((await application.poll(authRequest)).body.message_code).toBe(70402);
  });

  it('shows the answer of a request', async () => {
    const { application, device, authRequest } = await used(engines);
    await device.state();
    expect((await device.answer(true)).status).toBe(200);
    const polled = [await application.poll(authRequest), await application.poll(authRequest)];
    expect(polled.map(({ status }) => status)).toEqual([200, 200]);
  });
}

describe('the first call after a change, with a data file,', () => {
  tests(async () => {
    const engine = await start({ data: join(await temporary(), 'engine.db') });
    return { engine, serving: engine };
  });
});

describeWithPostgres('the first call at one engine after a change at another', (server) => {
  tests(async () => {
    const options = { databaseUrl: await server().database(), key: Vault.newKey() };
    return { engine: await start(options), serving: await start(options) };
  });
});
