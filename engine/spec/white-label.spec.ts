import { describe, expect, it } from 'vitest';
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
