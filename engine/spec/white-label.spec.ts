import { describe, expect, it } from 'vitest';
import type { Application } from './support/application.js';
import { Device } from './support/device.js';
import { share, start } from './support/engine.js';
import { http } from './support/http.js';

describe('POST /users', () => {
  it('answers with what only the application can decrypt', async () => {
    const { application } = await share();
    const { status, body } = await application.createWhiteLabelUser('bob');
    expect(status).toBe(200);
    expect(body).toEqual({
      successful: true,
      status_code: 201,
      message: '',
      message_code: 10220,
      response: { cipher: expect.any(String), data: expect.any(String) },
    });
    const { text, key } = application.decryptWhiteLabel(body.response);
    expect(key.toString('latin1')).toMatch(/^[\x21-\x7e]{48}$/);
    expect(text).toMatch(/^\{.*\} *$/);
    expect(text.length % 16).toBe(0);
    expect(JSON.parse(text)).toEqual({
      qrcode: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/pairing\/[A-Za-z0-9]{32}\.png$/),
      code: expect.stringMatching(/^[A-HJ-NP-Z2-9]{10}$/),
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/authenticator#pair=[\w-]{43}$/),
    });
  });

  it('serves the QR code as PNG and as SVG, for as long as its code works', async () => {
    const { engine, application } = await share();
    const { body } = await application.createWhiteLabelUser('dora');
    const { qrcode, code } = JSON.parse(application.decryptWhiteLabel(body.response).text);
    const png = await fetch(qrcode);
    expect([png.status, png.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect(png.headers.get('cache-control')).toBe('no-store');
    expect(
      Buffer.from(await png.arrayBuffer())
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
    const svg = await fetch(qrcode.replace('.png', '.svg'));
    expect(svg.headers.get('content-type')).toBe('image/svg+xml');
    expect(await svg.text()).toMatch(/^<svg/);
    await engine.pair(code);
    expect((await http(qrcode)).status).toBe(404);
    expect((await http(qrcode.replace('pairing/', 'pairing/x'))).status).toBe(404);
  });

  it('makes a user that has no device until the code is used, once', async () => {
    const { engine, application } = await share();
    const { body } = await application.createWhiteLabelUser('carl');
    const { code } = JSON.parse(application.decryptWhiteLabel(body.response).text);
    expect((await application.auths({ username: 'carl' })).body.message_code).toBe(40424);
    const name = `carl@${application.credentials.appKey}`;
    const typed = ` ${code.slice(0, 4).toLowerCase()}-${code.slice(4)}`;
    expect(await engine.pair(typed)).toEqual({ username: name });
    await expect(engine.pair(code)).rejects.toMatchObject({ code: 'ENGINE_UNKNOWN_CODE' });
    const token = await application.authorize('carl');
    expect(await engine.requests(name)).toMatchObject([{ authRequest: token, username: name }]);
  });

  it('gives a new code for a user that exists, and ends the old one', async () => {
    const { engine, application } = await share();
    const code = async () => {
      const { body } = await application.createWhiteLabelUser('erna');
      return JSON.parse(application.decryptWhiteLabel(body.response).text).code;
    };
    const first = await code();
    const second = await code();
    await expect(engine.pair(first)).rejects.toMatchObject({ code: 'ENGINE_UNKNOWN_CODE' });
    expect((await engine.pair(second)).username).toMatch(/^erna@/);
  });

  it('makes a code that ends after ten minutes', async () => {
    const { engine, application, clock } = await start();
    const { body } = await application.createWhiteLabelUser('fred');
    const { code, qrcode } = JSON.parse(application.decryptWhiteLabel(body.response).text);
    clock.advance(600_000);
    await expect(engine.pair(code)).rejects.toMatchObject({ code: 'ENGINE_UNKNOWN_CODE' });
    expect((await http(qrcode)).status).toBe(404);
  });

  it('belongs to its application', async () => {
    const { engine, application } = await share();
    const { Application } = await import('./support/application.js');
    const other = new Application(engine.url, await engine.createApp({ name: 'Other' }));
    await application.createWhiteLabelUser('gina');
    expect((await other.auths({ username: 'gina' })).body.message_code).toBe(40426);
  });

  it('makes no more users for an application than are allowed, but new codes for those', async () => {
    const { engine, application } = await start({ limits: { whiteLabelUsersPerApp: 1 } });
    const { Application } = await import('./support/application.js');
    const other = new Application(engine.url, await engine.createApp({ name: 'Other' }));
    const create = async (asking: typeof application, name: string) =>
      (await asking.createWhiteLabelUser(name)).body.message_code;
    expect(await create(application, 'ida')).toBe(10220);
    expect(await create(application, 'jan')).toBe(10236);
    expect(await create(application, 'ida')).toBe(10220);
    expect(await create(other, 'jan')).toBe(10220);
  });

  it('names the images under the public URL', async () => {
    const { application } = await start({ publicUrl: 'https://engine.example.com/lk/' });
    const { body } = await application.createWhiteLabelUser('hans');
    const { qrcode } = JSON.parse(application.decryptWhiteLabel(body.response).text);
    expect(qrcode).toMatch(/^https:\/\/engine\.example\.com\/lk\/pairing\//);
  });
});

describe('POST /users/devices', () => {
  it('lists, renames and unpairs the phones of a white label user', async () => {
    const { engine, application, clock } = await start();
    expect((await application.whiteLabelDevices('lena')).body.message_code).toBe(10226);
    const first = await pairPhone(engine.url, application, 'lena', clock.now);
    clock.advance(1000);
    const second = await pairPhone(engine.url, application, 'lena', clock.now);
    const { status, body } = await application.whiteLabelDevices('lena');
    expect(status).toBe(200);
    const pairedAt = expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    expect(body).toEqual({
      devices: [
        { id: first.id, name: 'Phone', paired_at: pairedAt },
        { id: second.id, name: 'Phone', paired_at: pairedAt },
      ],
    });
    const rename = { id: second.id, name: 'Work phone' };
    const changed = await application.whiteLabelDevices('lena', { unpair: first.id, rename });
    expect(changed.body.devices).toEqual([
      { id: second.id, name: 'Work phone', paired_at: pairedAt },
    ]);
    expect((await first.state()).status).toBe(401);
    expect((await second.state()).status).toBe(200);
  });

  it('ends the open requests of a user whose last phone the application unpairs', async () => {
    const { engine, application } = await share();
    const phone = await pairPhone(engine.url, application, 'mona');
    const token = await application.authorize('mona');
    await application.whiteLabelDevices('mona', { unpair: phone.id });
    expect((await application.poll(token)).body.message_code).toBe(70404);
    const [entry] = await engine.audit({ limit: 1 });
    expect(entry).toMatchObject({ kind: 'device.unpaired', details: { by: 'application' } });
  });

  it('refuses phones of other users, unusable changes, and users of other applications', async () => {
    const { engine, application } = await share();
    const { Application } = await import('./support/application.js');
    const other = new Application(engine.url, await engine.createApp({ name: 'Other' }));
    const phone = await pairPhone(engine.url, application, 'nora');
    await pairPhone(engine.url, application, 'olga');
    const ask = async (asking: Application, user: string, change: object) =>
      (await asking.whiteLabelDevices(user, change)).body.message_code;
    expect(await ask(application, 'olga', { unpair: phone.id })).toBe(10221);
    expect(await ask(application, 'olga', { rename: { id: phone.id, name: 'Mine' } })).toBe(10221);
    expect(await ask(application, 'nora', { rename: { id: phone.id, name: ' ' } })).toBe(10221);
    expect(await ask(application, 'nora', { rename: 'Phone' })).toBe(10221);
    expect(await ask(application, 'nora', { unpair: [phone.id] })).toBe(10221);
    expect(await ask(other, 'nora', { unpair: phone.id })).toBe(10226);
    expect(await ask(application, 'alice', { unpair: phone.id })).toBe(10226);
    expect((await phone.state()).status).toBe(200);
  });

  it('refuses a body that its signature does not cover', async () => {
    const { engine, application } = await share();
    await pairPhone(engine.url, application, 'pia');
    const signed = application.sign('{}');
    const query = new URLSearchParams({ signature: signed });
    const { app_key, secret_key } = await application.envelope();
    const { body } = await http(`${application.url}/users/devices?${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ app_key, secret_key, identifier: 'pia' }),
    });
    expect(body.message_code).toBe(10228);
  });
});

describe('a white label user without a phone', () => {
  it('does not hide an older user of the same name', async () => {
    const { engine, application, clock } = await start();
    await engine.createUser('rita');
    clock.advance(1000);
    await application.createWhiteLabelUser('rita');
    await application.authorize('rita');
    expect(await engine.requests('rita')).toHaveLength(1);
  });

  it('hides a younger user of the same name', async () => {
    const { engine, application, clock } = await start();
    await application.createWhiteLabelUser('sara');
    clock.advance(1000);
    await engine.createUser('sara');
    expect((await application.auths({ username: 'sara' })).body.message_code).toBe(40424);
  });
});

async function pairPhone(
  base: string,
  application: Application,
  identifier: string,
  now?: () => number,
) {
  const { body } = await application.createWhiteLabelUser(identifier);
  const { code } = JSON.parse(application.decryptWhiteLabel(body.response).text);
  return await Device.paired(base, code, now);
}
