import { constants, createPublicKey, publicEncrypt, randomBytes, sign } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { takeKeyPair } from '../../spec/support/key-pool.js';
import { PublicKeys } from '../lib/crypto/keys.js';
import { MemoryData } from '../lib/data/memory/data.js';
import { Apps } from '../lib/domain/apps.js';
import { Envelopes } from '../lib/domain/envelopes.js';
import { PingKeys } from '../lib/domain/ping-keys.js';
import { isRefused } from '../lib/domain/refusals.js';
import { startEngine } from '../lib/index.js';
import { Application, type Parameters, stamp } from './support/application.js';
import { temporary } from './support/data.js';
import { Clock, share, start } from './support/engine.js';
import { http, type Reply } from './support/http.js';

const stranger = takeKeyPair();

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** The message code of a reply, or its status where there is none. */
async function said(call: Promise<Reply>): Promise<number> {
  const { status, body } = await call;
  return body.message_code ?? status;
}

/** The code and status with which a call refuses these parameters. */
async function refusal(call: Promise<{ status: number; body: { message_code: number } }>) {
  const { status, body } = await call;
  return [status, body.message_code];
}

describe('the order of checks', () => {
  it.each([
    ['auths', 'POST', '/auths', 40400],
    ['logs', 'PUT', '/logs', 50420],
    ['poll', 'POST', '/poll?METHOD=GET', 70400],
  ])('shows in the codes of %s', async (_call, method, path, family) => {
    const { engine, application } = await start();
    const send = (parameters: Parameters) =>
      refusal(
        application.form(method, path, {
          ...parameters,
          auth_request: 'x'.repeat(32),
          username: 'nobody',
        }),
      );
    const good = await application.envelope();
    const secret = application.credentials.secretKey;
    const notOurs = sign('sha256', randomBytes(256), stranger.privateKey).toString('base64');
    const old = stamp(Date.now() - 301_000);

    // Each one has all the faults of those after it: the first fault in the order is the one told.
    expect(await send({ ...good, app_key: '1234567890', signature: 'x' })).toEqual([
      400,
      family + 25,
    ]);
    expect(await send({ ...good, signature: 'x' })).toEqual([400, family + 32]);
    expect(await send({ ...application.wrap(randomBytes(256)), signature: notOurs })).toEqual([
      400,
      family + 28,
    ]);
    expect(await send(application.wrap(randomBytes(256)))).toEqual([400, family + 33]);
    expect(await send(application.wrap(randomBytes(100)))).toEqual([400, family + 33]);
    for (const text of [
      '{}',
      'no JSON',
      '{"secret":"x"}',
      '{"secret":"x","stamped":"yesterday"}',
      '{"secret":"x","stamped":"2026-02-31 00:00:00"}',
      '[]',
    ]) {
      expect(await send(await application.envelope(text))).toEqual([400, family + 34]);
    }
    expect(await send(await application.envelope(`{"secret":"x","stamped":"${old}"}`))).toEqual([
      401,
      family + 31,
    ]);
    const now = stamp(Date.now());
    expect(await send(await application.envelope(`{"secret":"x","stamped":"${now}"}`))).toEqual([
      400,
      family + 22,
    ]);
    await engine.disableApp(application.credentials.appKey);
    const disabled = await send(
      await application.envelope(JSON.stringify({ secret, stamped: now })),
    );
    expect(disabled).toEqual([403, family === 50420 ? 50443 : family + 35]);
    await engine.enableApp(application.credentials.appKey);
    expect(await send(await application.envelope())).toEqual([
      400,
      { 40400: 40426, 50420: 50441, 70400: 70402 }[family],
    ]);
  });

  it('is the same for users, in 102xx', async () => {
    const { application } = await share();
    const good = await application.envelope();
    const send = (members: Parameters, signature?: string) => {
      const body = JSON.stringify({ identifier: 'bob', ...members });
      const query = new URLSearchParams({ signature: signature ?? application.sign(body) });
      return refusal(http(`${application.url}/users?${query}`, { method: 'POST', body }));
    };
    const text = async (plain: string) => await send(await application.envelope(plain));
    const { app_key } = good;
    const secret_key = good.secret_key ?? '';
    expect(await send({ app_key: '1234567890', secret_key })).toEqual([400, 10225]);
    expect(await send({ app_key: app_key ?? '', secret_key }, 'x')).toEqual([400, 10232]);
    expect(await send({ app_key: app_key ?? '', secret_key }, application.sign('other'))).toEqual([
      400, 10228,
    ]);
    expect(await send(application.wrap(randomBytes(256)))).toEqual([400, 10233]);
    expect(await text('{}')).toEqual([400, 10234]);
    expect(await text('{"secret":"x","stamped":"2013-01-01 00:00:00"}')).toEqual([401, 10231]);
    expect(await text(`{"secret":"x","stamped":"${stamp(Date.now())}"}`)).toEqual([400, 10222]);
    expect(await send({ app_key: app_key ?? '' })).toEqual([400, 10221]);
    expect(await send({ app_key: app_key ?? '', secret_key, identifier: '' })).toEqual([
      400, 10221,
    ]);
  });

  it('never decrypts what is not signed by the application', async () => {
    const { application, user } = await share();
    await application.ping();
    const key = createPublicKey((await application.ping()).body.key.replace(/\n\n/g, '\n'));
    const ciphertext = publicEncrypt(
      { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
      Buffer.from('{}'),
    );
    const unsigned = {
      ...application.wrap(ciphertext),
      signature: sign('sha256', ciphertext, stranger.privateKey).toString('base64'),
    };
    expect(
      await refusal(application.form('POST', '/auths', { ...unsigned, username: user })),
    ).toEqual([400, 40428]);
  });
});

describe('the stamp', () => {
  it.each([
    ['five minutes old', -299_000, 200, undefined],
    ['older', -302_000, 401, 40431],
    ['an hour ahead', 3_600_000, 200, undefined],
    ['a year ahead', 365 * DAY, 200, undefined],
  ])('may be any time ahead and five minutes old: %s', async (_name, offset, status, code) => {
    const { application, clock } = await start();
    clock.advance(7 * 3_600_000);
    const envelope = await application.stamped(clock.now() + offset);
    const reply = await application.form('POST', '/auths', { ...envelope, username: 'alice' });
    expect([reply.status, reply.body.message_code]).toEqual([status, code]);
  });

  it.each([
    ['in the last second of the year 9999', '9999-12-31 23:59:59', 200],
    ['there with the microseconds of Python', '9999-12-31 23:59:59.999999', 200],
    ['in the year 10000', '10000-01-01 00:00:00', 40434],
    ['on the 31st of February of 9999', '9999-02-31 00:00:00', 40434],
  ])('is read %s', async (_name, stamped, expected) => {
    const { application, user } = await share();
    const { secretKey } = application.credentials;
    const envelope = await application.envelope(
      `{'secret': '${secretKey}', 'stamped': '${stamped}'}`,
    );
    const reply = await application.form('POST', '/auths', { ...envelope, username: user });
    expect(reply.body.message_code ?? reply.status).toBe(expected);
  });

  it('far ahead counts for five minutes from when its envelope was first seen', async () => {
    const { application, clock } = await start();
    const envelope = await application.stamped(clock.now() + DAY);
    const call = (over: Parameters = {}) =>
      said(application.form('POST', '/auths', { ...envelope, username: 'alice', ...over }));
    expect(await call()).toBe(200);
    clock.advance(4 * MINUTE);
    expect(await call()).toBe(200);
    clock.advance(2 * MINUTE);
    expect(await call()).toBe(40431);
    // Nor with its base64 written in another way.
    expect(await call({ secret_key: `${envelope.secret_key}\n` })).toBe(40431);
    // Nor on the day that it names.
    clock.advance(DAY - 6 * MINUTE);
    expect(await call()).toBe(40431);
    expect(
      await said(
        application.form('POST', '/auths', {
          ...(await application.stamped(clock.now() + DAY)),
          username: 'alice',
        }),
      ),
    ).toBe(200);
  });

  it('far ahead is bounded in the same way in the body of users', async () => {
    const { application, clock } = await start();
    const { app_key, secret_key } = await application.stamped(clock.now() + DAY);
    const body = JSON.stringify({ app_key, secret_key, identifier: 'bob' });
    const query = new URLSearchParams({ signature: application.sign(body) });
    const call = () => said(http(`${application.url}/users?${query}`, { method: 'POST', body }));
    expect(await call()).toBe(10220);
    clock.advance(6 * MINUTE);
    expect(await call()).toBe(10231);
  });

  it('far ahead is forgotten by a restart', async () => {
    const data = join(await temporary(), 'engine.db');
    const clock = new Clock();
    const run = () =>
      startEngine({ clock: clock.now, rateLimit: false, data, virtualDevices: true });
    const first = await run();
    const credentials = await first.createApp({ name: 'Shop' });
    await first.createUser('alice');
    const before = new Application(first.url, credentials);
    const envelope = await before.stamped(clock.now() + DAY);
    const parameters = { ...envelope, username: 'alice' };
    expect(await said(before.form('POST', '/auths', parameters))).toBe(200);
    clock.advance(6 * MINUTE);
    expect(await said(before.form('POST', '/auths', parameters))).toBe(40431);
    await first.close();
    const second = await run();
    onTestFinished(async () => await second.close());
    const after = new Application(second.url, credentials);
    expect(await said(after.form('POST', '/auths', parameters))).toBe(200);
  });

  it('near by counts for five minutes after the time that it names', async () => {
    const { application, clock } = await start();
    const envelope = await application.stamped(clock.now() + 4 * MINUTE);
    const call = () => said(application.form('POST', '/auths', { ...envelope, username: 'alice' }));
    expect(await call()).toBe(200);
    clock.advance(8 * MINUTE);
    expect(await call()).toBe(200);
    clock.advance(MINUTE + 2000);
    expect(await call()).toBe(40431);
  });

  it('is accepted after ten minutes of drift as in Python’s SDK, with a poll each second', async () => {
    const { application, clock } = await start();
    const authRequest = await application.authorize('alice');
    const started = clock.now();
    let offset = 0;
    // Python adds the whole time since its only ping to a stamp that is ahead already.
    for (let poll = 1; poll <= 600; poll += 1) {
      clock.advance(1000);
      offset += clock.now() - started;
      if (poll % 50 > 0) continue;
      const polled = await application.poll(authRequest, { stamped: started + offset });
      expect(polled.body.message_code).toBe(poll * 1000 < 300_000 ? 70403 : 70404);
    }
    const envelope = await application.stamped(started + offset);
    expect(offset).toBeGreaterThan(2 * DAY);
    expect(await said(application.form('POST', '/auths', { ...envelope, username: 'alice' }))).toBe(
      200,
    );
  });

  it.each([
    ['two minutes ahead', 2 * MINUTE, 200],
    ['further ahead', 2 * MINUTE + 2000, 40431],
    ['four minutes old', -4 * MINUTE, 200],
    ['older', -5 * MINUTE - 2000, 40431],
  ])('of an application with strict stamps: %s', async (_name, offset, expected) => {
    const { engine, clock } = await start();
    const credentials = await engine.createApp({ name: 'Strict', strictStamps: true });
    const strict = new Application(engine.url, credentials);
    const envelope = await strict.stamped(clock.now() + offset);
    expect(await said(strict.form('POST', '/auths', { ...envelope, username: 'alice' }))).toBe(
      expected,
    );
    expect(await engine.apps()).toMatchObject([{ strictStamps: false }, { strictStamps: true }]);
  });

  it('is strict or not, and nothing between', async () => {
    const { engine } = await share();
    const made = engine.createApp({ name: 'Other', strictStamps: 'yes' as never });
    await expect(made).rejects.toMatchObject({ code: 'ENGINE_INVALID_OPTION' });
  });

  it('expires in a remembered envelope too', async () => {
    const { application, clock } = await start();
    const envelope = await application.stamped(clock.now());
    const call = () => application.form('POST', '/auths', { ...envelope, username: 'alice' });
    expect((await call()).status).toBe(200);
    expect((await call()).status).toBe(200);
    clock.advance(302_000);
    expect((await call()).body.message_code).toBe(40431);
  });
});

describe('an envelope', () => {
  it('serves all calls of its second', async () => {
    const { engine, application, user } = await share();
    const envelope = await application.envelope();
    const replies = await Promise.all(
      Array.from({ length: 20 }, () =>
        application.form('POST', '/auths', { ...envelope, username: user }),
      ),
    );
    expect(replies.map((reply) => reply.status)).toEqual(Array(20).fill(200));
    expect(await engine.requests(user)).toHaveLength(20);
  });

  it('is remembered for its own application only', async () => {
    const { engine, application, user } = await share();
    const other = await engine.createApp({ name: 'Other' });
    const envelope = await application.envelope();
    expect((await application.form('POST', '/auths', { ...envelope, username: user })).status).toBe(
      200,
    );
    const stolen = { ...envelope, app_key: other.appKey, username: user };
    expect((await application.form('POST', '/auths', stolen)).body.message_code).toBe(40428);
  });

  it('is remembered together with its signature', async () => {
    const { application, user } = await share();
    const envelope = await application.envelope();
    const call = (signature: string) =>
      application.form('POST', '/auths', { ...envelope, username: user, signature });
    expect((await call(envelope.signature ?? '')).status).toBe(200);
    expect((await call(application.sign('other'))).body.message_code).toBe(40428);
  });

  it('is refused when its application is disabled after it was remembered', async () => {
    const { engine, application } = await start();
    const envelope = await application.envelope();
    const call = () => application.form('POST', '/auths', { ...envelope, username: 'alice' });
    expect((await call()).status).toBe(200);
    await engine.disableApp(application.credentials.appKey);
    expect((await call()).body.message_code).toBe(40435);
  });

  it('stays remembered whatever strangers send', async () => {
    const data = new MemoryData();
    const pingKeys = await PingKeys.open(data, Date.now, 0);
    const envelopes = new Envelopes(data, pingKeys, new PublicKeys(), Date.now);
    const credentials = await new Apps(data, Date.now).create({ name: 'Shop' });
    if (isRefused(credentials)) throw new Error('The application was refused.');
    const text = JSON.stringify({ secret: credentials.secretKey, stamped: stamp(Date.now()) });
    const key = createPublicKey(pingKeys.current.served.replace(/\n\n/g, '\n'));
    const padding = constants.RSA_PKCS1_OAEP_PADDING;
    const ciphertext = publicEncrypt({ key, padding, oaepHash: 'sha1' }, Buffer.from(text));
    const good = {
      appKey: credentials.appKey,
      secretKey: ciphertext.toString('base64'),
      signature: sign('sha256', ciphertext, credentials.privateKey).toString('base64'),
    };
    const decrypt = vi.spyOn(pingKeys, 'decrypt');
    expect(isRefused(await envelopes.check(good))).toBe(false);
    const forged = await Promise.all(
      Array.from({ length: 10_000 }, async () => {
        const signature = randomBytes(256).toString('base64');
        return await envelopes.check({ ...good, signature });
      }),
    );
    const names = forged.map((one) => isRefused(one) && one.refused);
    expect(new Set(names)).toEqual(new Set(['signature_mismatch']));
    expect(isRefused(await envelopes.check(good))).toBe(false);
    expect(decrypt).toHaveBeenCalledTimes(1);
  });

  it.each(['app_key', 'secret_key', 'signature'])('is incorrect data without %s', async (name) => {
    const { application } = await share();
    const { [name]: _left, ...rest } = await application.envelope();
    expect(await refusal(application.form('POST', '/auths', rest))).toEqual([400, 40421]);
    expect(await refusal(application.form('PUT', '/logs', rest))).toEqual([400, 50441]);
    expect(await refusal(http(`${application.url}/poll?${new URLSearchParams(rest)}`))).toEqual([
      400, 70401,
    ]);
  });

  it('given twice is incorrect data, for it has no one meaning', async () => {
    const { application, user } = await share();
    const form = new URLSearchParams({ ...(await application.envelope()), username: user });
    form.append('app_key', '1234567890');
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const call = http(`${application.url}/auths`, { method: 'POST', headers, body: `${form}` });
    expect(await refusal(call)).toEqual([400, 40421]);
  });
});

describe('the text inside secret_key', () => {
  it.each([
    ['JSON', (s: string, t: string) => JSON.stringify({ secret: s, stamped: t })],
    [
      'JSON with microseconds',
      (s: string, t: string) => JSON.stringify({ stamped: `${t}.123456`, secret: s }),
    ],
    [
      'JSON with the later time format',
      (s: string, t: string) => JSON.stringify({ secret: s, stamped: `${t.replace(' ', 'T')}Z` }),
    ],
    [
      'single quotes (C, Python 3)',
      (s: string, t: string) => `{'secret': '${s}', 'stamped': '${t}'}`,
    ],
    [
      'single quotes and microseconds',
      (s: string, t: string) => `{'stamped': '${t}.000001', 'secret': '${s}'}`,
    ],
    ["u'' (Python 2)", (s: string, t: string) => `{u'secret': u'${s}', u'stamped': u'${t}'}`],
    ["mixed u'' and ''", (s: string, t: string) => `{'secret': u'${s}', 'stamped': '${t}'}`],
  ])('as %s', async (_name, write) => {
    const { application, user } = await share();
    const envelope = await application.envelope(
      write(application.credentials.secretKey, stamp(Date.now())),
    );
    const reply = await application.form('POST', '/auths', { ...envelope, username: user });
    expect(reply.text).toMatch(/^\{"auth_request":"[a-z0-9]{32}"\}$/);
  });
});

describe('base64', () => {
  it.each([
    [
      'in lines of 76, ended by a line feed (Python)',
      (text: string) => `${text.match(/.{1,76}/g)?.join('\n')}\n`,
    ],
    [
      'in lines of 64, ended by \\r\\n (C)',
      (text: string) => `${text.match(/.{1,64}/g)?.join('\r\n')}\r\n`,
    ],
    ['in lines that became blanks', (text: string) => `${text.match(/.{1,76}/g)?.join(' ')} `],
    ['whose plus signs became blanks', (text: string) => text.replaceAll('+', ' ')],
  ])('%s', async (_name, write) => {
    const { application, user } = await share();
    let envelope = await application.envelope();
    // Until there is a plus in both, so that the row tests what it says.
    while (!/\+/.test(envelope.secret_key ?? '') || !/\+/.test(envelope.signature ?? '')) {
      envelope = await application.envelope();
    }
    const broken = {
      ...envelope,
      secret_key: write(envelope.secret_key ?? ''),
      signature: write(envelope.signature ?? ''),
    };
    const reply = await application.form('POST', '/auths', { ...broken, username: user });
    expect(reply.status).toBe(200);
  });
});
