import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startEngine } from '../../lib/index.js';
import { Application } from '../support/application.js';
import { temporary } from '../support/data.js';
import { Device } from '../support/device.js';

/** An engine on a data file whose application and device have made calls, so that both are remembered. */
async function used() {
  const engine = await startEngine({
    data: join(await temporary(), 'engine.db'),
    rateLimit: false,
    virtualDevices: true,
  });
  onTestFinished(async () => await engine.close());
  const credentials = await engine.createApp({ name: 'Shop' });
  await engine.createUser('alice');
  const { code } = await engine.pairDevice('alice');
  const device = await Device.paired(engine.url, code);
  const application = new Application(engine.url, credentials);
  for (let call = 0; call < 2; call += 1) {
    expect(await application.authorize('alice')).toMatch(/^[a-z0-9]{32}$/);
    expect((await device.state()).status).toBe(200);
  }
  return { engine, credentials, application, device };
}

describe('the first call after a change, with a data file,', () => {
  it('is refused for credentials that were replaced', async () => {
    const { engine, credentials, application } = await used();
    const next = await engine.rotateApp(credentials.appKey);
    expect((await application.auths({ username: 'alice' })).body.message_code).toBe(40428);
    const rotated = new Application(engine.url, { ...credentials, ...next });
    expect((await rotated.auths({ username: 'alice' })).status).toBe(200);
  });

  it('is refused for an application that was disabled, until it is enabled', async () => {
    const { engine, credentials, application } = await used();
    await engine.disableApp(credentials.appKey);
    expect((await application.auths({ username: 'alice' })).body.message_code).toBe(40435);
    await engine.enableApp(credentials.appKey);
    expect((await application.auths({ username: 'alice' })).status).toBe(200);
  });

  it('is refused for an application that was deleted', async () => {
    const { engine, credentials, application, device } = await used();
    await engine.deleteApp(credentials.appKey);
    expect((await application.auths({ username: 'alice' })).body.message_code).toBe(40425);
    expect((await device.state()).body.requests).toEqual([]);
  });

  it('is refused for a device that was unpaired', async () => {
    const { engine, device } = await used();
    await engine.unpairDevice('alice', device.id);
    expect((await device.state()).body.error.code).toBe('unpaired');
  });

  it('is refused for a user who was deleted, and for their device', async () => {
    const { engine, application, device } = await used();
    await engine.deleteUser('alice');
    expect((await device.state()).body.error.code).toBe('unpaired');
    expect((await application.auths({ username: 'alice' })).body.message_code).toBe(40426);
  });

  it('shows a device under its new name', async () => {
    const { device } = await used();
    expect(
      (await device.post('devices/rename', { deviceId: device.id, name: 'Tablet' })).status,
    ).toBe(200);
    expect((await device.state()).body.device.name).toBe('Tablet');
  });
});
