import { describe, expect, it } from 'vitest';
import { Application } from './support/application.js';
import { Device } from './support/device.js';
import { type Started, share, start } from './support/engine.js';
import { heldDevices, heldPolls } from './support/metrics.js';
import { receiver } from './support/receiver.js';

const MINUTE = 60_000;

async function phoneOf({ engine, clock }: Pick<Started, 'engine' | 'clock'>): Promise<Device> {
  return await Device.paired(engine.url, (await engine.pairDevice('alice')).code, clock.now);
}

/** An engine whose user has a phone, with a request that was withdrawn. */
async function withdrawn() {
  const started = await start();
  const { application } = started;
  const phone = await phoneOf(started);
  const authRequest = await application.authorize('alice', { context: 'Order 1' });
  const reply = await application.log(authRequest, 'Withdraw');
  return { ...started, phone, authRequest, reply };
}

describe('PUT /logs with action Withdraw', () => {
  it('ends an unanswered request: the device no longer shows it, and polls say 70404', async () => {
    const { engine, application, user } = await share();
    const authRequest = await application.authorize(user);
    const poll = application.poll(authRequest, { wait: 60 });
    await heldPolls(engine.url, 1);
    const { status, body } = await application.log(authRequest, 'Withdraw');
    expect([status, body]).toEqual([200, { message: 'Successfully updated' }]);
    expect((await poll).body.message_code).toBe(70404);
    expect((await application.poll(authRequest)).body.message_code).toBe(70404);
    expect(await engine.requests(user)).toEqual([]);
    await expect(engine.answer(authRequest, true)).rejects.toMatchObject({
      code: 'ENGINE_REQUEST_WITHDRAWN',
    });
    expect(await engine.sessions(user)).toEqual([]);
  });

  it('is accepted again, because a response can be lost, and is audited once', async () => {
    const { engine, application, user } = await share();
    const authRequest = await application.authorize(user);
    expect((await application.log(authRequest, 'Withdraw')).status).toBe(200);
    expect((await application.log(authRequest, 'Withdraw')).status).toBe(200);
    const trail = await engine.audit({ username: user });
    expect(trail.filter(({ kind }) => kind === 'request.withdrawn')).toMatchObject([
      { username: user, appKey: application.credentials.appKey, details: {} },
    ]);
    expect(JSON.stringify(trail)).not.toContain(authRequest);
  });

  it('changes nothing of an answered request, and says 50446', async () => {
    const { engine, application, user } = await share();
    for (const approved of [true, false]) {
      const authRequest = await application.authorize(user);
      await engine.answer(authRequest, approved);
      const late = await application.log(authRequest, 'Withdraw');
      expect([late.status, late.body.message_code]).toEqual([400, 50446]);
      const { body } = await application.poll(authRequest);
      expect(application.decryptAuth(body.auth).response).toBe(String(approved));
    }
    expect(await engine.sessions(user)).toMatchObject([{ state: 'open' }]);
  });

  it('says 50446 of a request that has expired', async () => {
    const { application, clock } = await start();
    const authRequest = await application.authorize('alice');
    clock.advance(5 * MINUTE);
    const envelope = await application.stamped(clock.now());
    const report = { auth_request: authRequest, action: 'Withdraw', status: 'True' };
    const { body } = await application.form('PUT', '/logs', { ...envelope, ...report });
    expect(body.message_code).toBe(50446);
  });

  it('says 50456 of a request that is not the application’s own', async () => {
    const { engine, application, user } = await share();
    const other = new Application(engine.url, await engine.createApp({ name: 'Other' }));
    const authRequest = await application.authorize(user);
    for (const token of [authRequest, 'x'.repeat(32)]) {
      const { status, body } = await other.log(token, 'Withdraw');
      expect([status, body.message_code]).toEqual([400, 50456]);
    }
    expect(await engine.requests(user)).toMatchObject([{ authRequest }]);
  });

  it('needs the status True', async () => {
    const { engine, application, user } = await share();
    const authRequest = await application.authorize(user);
    const { body } = await application.log(authRequest, 'Withdraw', 'False');
    expect([body.message_code, Object.keys(body.message)]).toEqual([50441, ['status']]);
    expect(await engine.requests(user)).toHaveLength(1);
  });

  it('sends no event', async () => {
    const callback = await receiver();
    const { engine, application } = await start({ callbackUrl: callback.url });
    await application.log(await application.authorize('alice'), 'Withdraw');
    await engine.answer(await application.authorize('alice'), false);
    const [event] = await callback.count(1);
    expect(event?.query.get('auth')).not.toBeNull();
    expect(await callback.count(1)).toHaveLength(1);
  });

  it('leaves room for another request where as many are open as may be', async () => {
    const { application } = await start({ limits: { pendingPerUser: 1 } });
    const authRequest = await application.authorize('alice');
    expect((await application.auths({ username: 'alice' })).body.message_code).toBe(40436);
    await application.log(authRequest, 'Withdraw');
    await application.authorize('alice');
  });
});

describe('a withdrawn request on the phone', () => {
  it('is told at once to a phone that waits', async () => {
    const started = await start();
    const { engine, application } = started;
    const phone = await phoneOf(started);
    const authRequest = await application.authorize('alice');
    const { version } = (await phone.state()).body;
    const held = phone.state(version);
    await heldDevices(engine.url, 1);
    await application.log(authRequest, 'Withdraw');
    const { body } = await held;
    expect(body.requests).toEqual([]);
    expect(body.withdrawn).toMatchObject([{ authRequest }]);
  });

  it('is shown for five minutes, and without what would answer it', async () => {
    const { application, clock, phone, authRequest } = await withdrawn();
    const [shown, ...others] = (await phone.state()).body.withdrawn;
    expect(others).toEqual([]);
    expect(shown).toEqual({
      authRequest,
      app: { name: 'Shop', appKey: application.credentials.appKey },
      context: 'Order 1',
      session: true,
      withdrawnAt: expect.any(Number),
      reportUntil: shown.withdrawnAt + 5 * MINUTE,
    });
    clock.advance(5 * MINUTE);
    expect((await phone.state()).body.withdrawn).toEqual([]);
    expect((await phone.post('report', { authRequest })).body.error.code).toBe('unknown_request');
  });

  it('can no longer be answered', async () => {
    const started = await start();
    const { engine, application } = started;
    const phone = await phoneOf(started);
    const authRequest = await application.authorize('alice');
    const [request] = (await phone.state()).body.requests;
    await application.log(authRequest, 'Withdraw');
    for (const approved of [true, false]) {
      const reply = await phone.post('answer', phone.answerBody(request, approved));
      expect([reply.status, reply.body.error.code]).toEqual([410, 'withdrawn']);
    }
    expect(await engine.receipt(authRequest)).toBeUndefined();
  });

  it('can be reported as fraud, which counts once and pauses requests', async () => {
    const { engine, application, clock, phone, authRequest } = await withdrawn();
    expect((await phone.post('report', { authRequest })).status).toBe(200);
    expect((await phone.post('report', { authRequest })).status).toBe(200);
    const { pausedUntil, now, withdrawn: shown } = (await phone.state()).body;
    expect(Math.round((pausedUntil - now) / MINUTE)).toBe(5);
    expect(shown).toEqual([]);
    const envelope = await application.stamped(clock.now());
    const refused = await application.auths({ ...envelope, username: 'alice' });
    expect(refused.body.message_code).toBe(40436);
    const trail = await engine.audit({ username: 'alice' });
    expect(trail.filter(({ kind }) => kind === 'fraud.reported')).toMatchObject([
      { deviceId: phone.id, appKey: application.credentials.appKey, details: { reports: 1 } },
    ]);
  });

  it('is reported by its own user only, and only if it was withdrawn', async () => {
    const { engine, application, clock, phone, authRequest } = await withdrawn();
    await engine.createUser('bob');
    const { code } = await engine.pairDevice('bob');
    const other = await Device.paired(engine.url, code, clock.now);
    const open = await application.authorize('alice');
    const replies = [
      await other.post('report', { authRequest }),
      await phone.post('report', { authRequest: open }),
      await phone.post('report', { authRequest: 7 }),
    ];
    expect(replies.map(({ body }) => body.error.code)).toEqual([
      'unknown_request',
      'unknown_request',
      'invalid',
    ]);
    expect(await engine.pausedUntil('alice')).toBeUndefined();
    expect(await engine.pausedUntil('bob')).toBeUndefined();
  });
});
