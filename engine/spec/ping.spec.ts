import { createHash, createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { start } from './support/engine.js';
import { http } from './support/http.js';

describe('GET /ping', () => {
  it('answers with every name that an SDK reads', async () => {
    const { application, clock } = await start();
    clock.advance(3 * 3_600_000);
    const { status, headers, body } = await application.ping();
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(Object.keys(body).sort()).toEqual([
      'api_time',
      'date_stamp',
      'features',
      'fingerprint',
      'key',
      'launchkey_time',
    ]);
    expect(body.features).toEqual([
      'number_match',
      'number_type',
      'browser',
      'withdraw',
      'white_label_devices',
    ]);
    expect(body.launchkey_time).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    expect(body.date_stamp).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    expect(body.api_time).toBe(`${body.launchkey_time.replace(' ', 'T')}Z`);
    const ahead = Date.parse(body.api_time) - Date.now();
    expect(Math.round(ahead / 3_600_000)).toBe(3);
  });

  it('serves the key with a blank line after BEGIN and before END', async () => {
    const { application } = await start();
    const { body } = await application.ping();
    expect(body.key).toMatch(
      /^-----BEGIN PUBLIC KEY-----\n\n[A-Za-z0-9+/=\n]+\n\n-----END PUBLIC KEY-----\n$/,
    );
  });

  it('names the key by the MD5 of its DER', async () => {
    const { application } = await start();
    const { body } = await application.ping();
    const key = createPublicKey(body.key.replace(/\n\n/g, '\n'));
    const md5 = createHash('md5')
      .update(key.export({ type: 'spki', format: 'der' }))
      .digest('hex');
    expect(body.fingerprint).toBe(md5.match(/../g)?.join(':'));
  });

  it('takes a trailing slash', async () => {
    const { application } = await start();
    expect((await http(`${application.url}/ping/`)).status).toBe(200);
  });

  it('refuses an unknown fingerprint with 60401', async () => {
    const { application } = await start();
    const { status, body } = await http(`${application.url}/ping?fingerprint=00:11`);
    expect([status, body.message_code, body.response]).toEqual([400, 60401, '']);
  });
});

describe('the rotation of the ping key', () => {
  it('changes date_stamp, key and fingerprint', async () => {
    const { engine, application } = await start();
    const before = (await application.ping()).body;
    const rotated = await engine.rotatePingKey();
    const after = (await application.ping()).body;
    expect(after.fingerprint).toBe(rotated.fingerprint);
    expect(after.fingerprint).not.toBe(before.fingerprint);
    expect(after.key).not.toBe(before.key);
    expect(Date.parse(`${after.date_stamp}Z`)).toBeGreaterThan(Date.parse(`${before.date_stamp}Z`));
  });

  it('serves the old key by its fingerprint and decrypts with it until the grace is over', async () => {
    const { engine, application, clock } = await start({ pingKeyGrace: 60_000 });
    const before = (await application.ping()).body;
    await engine.rotatePingKey();
    const old = await http(`${application.url}/ping?fingerprint=${before.fingerprint}`);
    expect(old.body.key).toBe(before.key);
    expect((await application.auths({ username: 'alice' })).status).toBe(200);

    clock.advance(60_000);
    const late = await application.auths({ username: 'alice' });
    expect([late.status, late.body.message_code]).toEqual([400, 40433]);
    await application.ping();
    expect((await application.auths({ username: 'alice' })).status).toBe(200);
    const gone = await http(`${application.url}/ping?fingerprint=${before.fingerprint}`);
    expect(gone.body.message_code).toBe(60401);
  });

  it('gives each of two at the same time a date_stamp of its own', async () => {
    const { engine, application } = await start();
    const first = (await application.ping()).body.fingerprint;
    const rotated = await Promise.all([engine.rotatePingKey(), engine.rotatePingKey()]);
    expect(new Set(rotated.map(({ dateStamp }) => dateStamp.getTime())).size).toBe(2);
    for (const name of [first, ...rotated.map(({ fingerprint }) => fingerprint)]) {
      const { status } = await http(`${application.url}/ping?fingerprint=${name}`);
      expect(status).toBe(200);
    }
  });

  it('does not take a remembered envelope beyond the grace of its key', async () => {
    const { engine, application, clock } = await start({ pingKeyGrace: 60_000 });
    const envelope = await application.stamped(clock.now() + 60_000);
    const call = () => application.form('POST', '/auths', { ...envelope, username: 'alice' });
    expect((await call()).status).toBe(200);
    await engine.rotatePingKey();
    expect((await call()).status).toBe(200);
    clock.advance(60_000);
    expect((await call()).body.message_code).toBe(40433);
  });
});
