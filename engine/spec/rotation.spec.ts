import { describe, expect, it } from 'vitest';
import type { AppCredentials, RotatedCredentials } from '../lib/index.js';
import { Application } from './support/application.js';
import { Device } from './support/device.js';
import { share, start } from './support/engine.js';
import { heldPolls } from './support/metrics.js';

const MINUTE = 60_000;

async function world() {
  const started = await start();
  const { engine, application } = started;
  const { appKey } = application.credentials;
  const renewed = (...made: RotatedCredentials[]) => {
    const credentials: AppCredentials = Object.assign({}, application.credentials, ...made);
    return new Application(engine.url, credentials);
  };
  return { ...started, appKey, renewed };
}

/** What the engine says to a call: its message code, or 200. */
async function said(application: Application): Promise<number> {
  const { status, body } = await application.auths({ username: 'alice' });
  return status === 200 ? 200 : body.message_code;
}

describe('rotated credentials', () => {
  it('are both new, and those before are refused at once, envelopes found good included', async () => {
    const { engine, application, appKey, renewed } = await world();
    const envelope = await application.envelope();
    const ask = () => application.form('POST', '/auths', { ...envelope, username: 'alice' });
    expect((await ask()).status).toBe(200);
    const made = await engine.rotateApp(appKey);
    expect(Object.keys(made).sort()).toEqual(['appKey', 'privateKey', 'publicKey', 'secretKey']);
    expect(made.secretKey).not.toBe(application.credentials.secretKey);
    expect(made.publicKey).not.toBe(application.credentials.publicKey);
    expect((await ask()).body.message_code).toBe(40428);
    expect(await said(application)).toBe(40428);
    const token = await renewed(made).authorize('alice');
    await engine.answer(token, true);
    const { auth } = (await renewed(made).poll(token)).body;
    expect(renewed(made).decryptAuth(auth)).toMatchObject({ response: 'true' });
  });

  it('are one of the two where only that is asked for', async () => {
    const { engine, application, appKey, renewed } = await world();
    const envelope = await application.envelope();
    const ask = () => application.form('POST', '/auths', { ...envelope, username: 'alice' });
    expect((await ask()).status).toBe(200);
    const secret = await engine.rotateApp(appKey, { only: 'secretKey' });
    expect(Object.keys(secret).sort()).toEqual(['appKey', 'secretKey']);
    expect((await ask()).body.message_code).toBe(40422);
    expect(await said(application)).toBe(40422);
    expect(await said(renewed(secret))).toBe(200);
    const key = await engine.rotateApp(appKey, { only: 'privateKey' });
    expect(Object.keys(key).sort()).toEqual(['appKey', 'privateKey', 'publicKey']);
    expect(await said(renewed(secret))).toBe(40428);
    expect(await said(renewed(key))).toBe(40422);
    expect(await said(renewed(secret, key))).toBe(200);
  });

  it('leave those before good for the grace period, for what they ask and read, and no longer', async () => {
    const { engine, application, appKey, clock, renewed } = await world();
    const { code } = await engine.pairDevice('alice');
    const phone = await Device.paired(engine.url, code, clock.now);
    const waiting = await application.authorize('alice');
    const envelope = await application.envelope();
    const ask = () => application.form('POST', '/auths', { ...envelope, username: 'alice' });
    expect((await ask()).status).toBe(200);
    const made = await engine.rotateApp(appKey, { grace: MINUTE });
    const until = made.previousUntil?.getTime() ?? 0;
    expect(Math.abs(until - clock.now() - MINUTE)).toBeLessThan(MINUTE / 2);
    const after = renewed(made);
    const later = await after.authorize('alice');
    expect((await ask()).status).toBe(200);
    const { requests } = (await phone.state()).body;
    for (const request of requests) {
      expect((await phone.post('answer', phone.answerBody(request, true))).status).toBe(200);
    }
    const first = (await application.poll(waiting)).body.auth;
    expect(application.decryptAuth(first)).toMatchObject({ auth_request: waiting });
    const second = (await after.poll(later)).body.auth;
    expect(after.decryptAuth(second)).toMatchObject({ auth_request: later });
    // Half of one and half of the other was never given to anybody.
    const mixed = renewed({ appKey, secretKey: made.secretKey });
    expect(await said(mixed)).toBe(40422);

    clock.advance(MINUTE);
    expect((await ask()).body.message_code).toBe(40428);
    expect(await said(application)).toBe(40428);
    expect(await said(after)).toBe(200);
  });

  it('end what came before the last rotation', async () => {
    const { engine, application, appKey, renewed } = await world();
    const first = await engine.rotateApp(appKey, { grace: MINUTE });
    const second = await engine.rotateApp(appKey, { only: 'secretKey', grace: MINUTE });
    expect(await said(application)).toBe(40428);
    expect(await said(renewed(first))).toBe(200);
    expect(await said(renewed(first, second))).toBe(200);
    const third = await engine.rotateApp(appKey, { only: 'secretKey' });
    expect(await said(renewed(first, second))).toBe(40422);
    expect(await said(renewed(first, third))).toBe(200);
  });

  it('have open requests answered for the new key once the one before is not good', async () => {
    const { engine, application, appKey, clock, renewed } = await world();
    const [first, second] = [
      await application.authorize('alice'),
      await application.authorize('alice'),
    ];
    const made = await engine.rotateApp(appKey, { grace: MINUTE });
    await engine.answer(first, true);
    clock.advance(MINUTE);
    await engine.answer(second, true);
    const after = renewed(made);
    const read = async (token: string, by: Application) =>
      by.decryptAuth((await after.poll(token, { stamped: clock.now() })).body.auth);
    expect(await read(first, application)).toMatchObject({ auth_request: first });
    expect(await read(second, after)).toMatchObject({ auth_request: second });
  });

  it('make a phone that knows the previous key answer again, denials included', async () => {
    const { engine, application, appKey, clock, renewed } = await world();
    const phone = await Device.paired(
      engine.url,
      (await engine.pairDevice('alice')).code,
      clock.now,
    );
    const tokens = [await application.authorize('alice'), await application.authorize('alice')];
    const shown = (await phone.state()).body.requests;
    const after = renewed(await engine.rotateApp(appKey));
    const [{ app }] = (await phone.state()).body.requests;
    for (const [index, approved] of [true, false].entries()) {
      const request = shown[index];
      const stale = await phone.post('answer', phone.answerBody(request, approved));
      expect([stale.status, stale.body.error]).toEqual([
        409,
        { code: 'key_changed', message: expect.any(String), publicKey: app.publicKey },
      ]);
      const second = phone.answerBody({ ...request, app }, approved);
      expect((await phone.post('answer', second)).body).toEqual({ approved });
      const { auth } = (await after.poll(tokens[index] as string)).body;
      expect(after.decryptAuth(auth)).toMatchObject({ response: String(approved) });
    }
  });

  it('end a poll that is held for the previous credentials', async () => {
    const { engine, application, appKey } = await world();
    const token = await application.authorize('alice');
    const poll = application.poll(token, { wait: 60 });
    await heldPolls(engine.url, 1);
    await engine.rotateApp(appKey);
    expect((await poll).body.message_code).toBe(70403);
    expect((await application.poll(token)).body.message_code).toBe(70428);
  });

  it('encrypt for a white label user what its application can read', async () => {
    const { engine, application, appKey, renewed } = await world();
    const made = await engine.rotateApp(appKey, { grace: MINUTE });
    for (const one of [application, renewed(made)]) {
      const { body } = await one.createWhiteLabelUser('bob');
      expect(JSON.parse(one.decryptWhiteLabel(body.response).text)).toHaveProperty('code');
    }
  });

  it('are written down without them, and for an application that there is', async () => {
    const { engine, appKey } = await world();
    const made = await engine.rotateApp(appKey, { only: 'secretKey', grace: 1000 });
    const entries = await engine.audit({ limit: 1 });
    const details = { credentials: 'secretKey', grace: 1000 };
    expect(entries).toMatchObject([{ kind: 'app.rotated', appKey, details }]);
    expect(JSON.stringify(entries)).not.toContain(made.secretKey);
    await expect(engine.rotateApp('1')).rejects.toMatchObject({ code: 'ENGINE_UNKNOWN_APP' });
  });

  it.each([
    { only: 'secret' },
    { gracePeriod: 1 },
    { grace: -1 },
    { grace: 1.5 },
    { grace: 8 * 24 * 60 * MINUTE },
    'both',
  ])('are not made of %j', async (options) => {
    const { engine, application, user } = await share();
    const rotated = engine.rotateApp(application.credentials.appKey, options as object);
    await expect(rotated).rejects.toMatchObject({ code: 'ENGINE_INVALID_OPTION' });
    expect(await application.authorize(user)).toMatch(/^\w{32}$/);
  });
});
