import { describe, expect, it } from 'vitest';
import { Application } from './support/application.js';
import { Device } from './support/device.js';
import { start } from './support/engine.js';
import { heldDevices, heldPolls } from './support/metrics.js';

const WAIT = 60;

/** A user with a phone, a session, and a request that a poll and the phone wait with. */
async function waiting() {
  const { engine, application, clock } = await start();
  const phone = await Device.paired(engine.url, (await engine.pairDevice('alice')).code, clock.now);
  const opened = await application.authorize('alice');
  await phone.answer(true);
  const { user_hash: userHash } = (await application.poll(opened)).body;
  const open = await application.authorize('alice');
  const { version } = (await phone.state()).body;
  const state = phone.state(version, WAIT);
  const poll = application.poll(open, { wait: WAIT });
  await Promise.all([heldPolls(engine.url, 1), heldDevices(engine.url, 1)]);
  return { engine, application, phone, opened, open, state, poll, userHash };
}

describe('a user that is deleted', () => {
  it('loses its held requests and phones at once, and is unknown afterwards', async () => {
    const { engine, application, phone, opened, open, state, poll } = await waiting();
    const pairing = await engine.pairDevice('alice');
    await engine.deleteUser('alice');
    expect((await poll).body.message_code).toBe(70402);
    const { status, body } = await state;
    expect([status, body.error.code]).toEqual([401, 'unpaired']);

    expect((await phone.state()).body.error.code).toBe('unpaired');
    const another = await Device.make(engine.url);
    expect((await another.pair(pairing.code)).body.error.code).toBe('unknown_code');
    for (const token of [opened, open]) {
      expect((await application.poll(token)).body.message_code).toBe(70402);
      expect((await application.log(token, 'Authenticate')).body.message_code).toBe(50456);
    }
    expect((await application.auths({ username: 'alice' })).body.message_code).toBe(40426);
    expect(await engine.users()).toEqual([]);
    expect(await engine.receipt(opened)).toBeUndefined();
    for (const gone of [engine.sessions('alice'), engine.deleteUser('alice')]) {
      await expect(gone).rejects.toMatchObject({ code: 'ENGINE_UNKNOWN_USER' });
    }
  });

  it('is another one if there is one of that name again', async () => {
    const { engine, application, userHash, phone } = await waiting();
    await engine.deleteUser('alice');
    await engine.createUser('alice');
    const token = await application.authorize('alice');
    await engine.answer(token, true);
    expect((await application.poll(token)).body.user_hash).not.toBe(userHash);
    expect((await phone.state()).status).toBe(401);
    expect(await engine.sessions('alice')).toMatchObject([{ authRequest: token }]);
  });

  it('stays in the audit trail, and so does its deletion', async () => {
    const { engine } = await waiting();
    await engine.deleteUser('alice');
    const [last, ...before] = await engine.audit();
    expect(last).toMatchObject({ kind: 'user.deleted', details: { username: 'alice' } });
    expect(before.map(({ kind }) => kind)).toContain('device.paired');
  });

  it('has no page of the virtual device held open', async () => {
    const { engine } = await start();
    const page = await fetch(`${engine.url}/authenticator/virtual/changes?user=alice`);
    const reader = page.body?.getReader();
    expect((await reader?.read())?.done).toBe(false);
    await engine.deleteUser('alice');
    let chunk = await reader?.read();
    while (chunk && !chunk.done) chunk = await reader?.read();
    expect(chunk?.done).toBe(true);
  });
});

describe('an application that is deleted', () => {
  it('loses its held requests at once, and is unknown afterwards', async () => {
    const { engine, application, phone, opened, state, poll } = await waiting();
    const { appKey } = application.credentials;
    await engine.deleteApp(appKey);
    expect((await poll).body.message_code).toBe(70425);
    expect((await state).body).toMatchObject({ requests: [], sessions: [] });

    expect((await application.auths({ username: 'alice' })).body.message_code).toBe(40425);
    expect((await application.poll(opened)).body.message_code).toBe(70425);
    expect(await engine.apps()).toEqual([]);
    expect(await engine.sessions('alice')).toEqual([]);
    expect(await engine.users()).toMatchObject([{ username: 'alice', devices: 1 }]);
    expect((await phone.state()).status).toBe(200);
    for (const gone of [engine.deleteApp(appKey), engine.enableApp(appKey)]) {
      await expect(gone).rejects.toMatchObject({ code: 'ENGINE_UNKNOWN_APP' });
    }
    expect(await engine.audit({ limit: 1 })).toMatchObject([
      { kind: 'app.deleted', appKey, details: { name: 'Shop' } },
    ]);
  });

  it('takes its white label users along, and those alone', async () => {
    const { engine, application } = await start();
    const other = new Application(engine.url, await engine.createApp({ name: 'Other' }));
    const paired = async (app: Application) => {
      const { body } = await app.createWhiteLabelUser('bob');
      const { code } = JSON.parse(app.decryptWhiteLabel(body.response).text);
      return await Device.paired(engine.url, code);
    };
    const [gone, kept] = [await paired(application), await paired(other)];
    await engine.deleteApp(application.credentials.appKey);
    expect((await gone.state()).body.error.code).toBe('unpaired');
    expect((await kept.state()).status).toBe(200);
    expect((await engine.users()).map(({ username }) => username)).toEqual([
      'alice',
      `bob@${other.credentials.appKey}`,
    ]);
  });
});
