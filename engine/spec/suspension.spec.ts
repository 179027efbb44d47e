import { describe, expect, it } from 'vitest';
import { Device } from './support/device.js';
import { start } from './support/engine.js';
import { heldPolls } from './support/metrics.js';
import { receiver } from './support/receiver.js';

/** A user with a LaunchKey session, of whose end the application is told. */
async function loggedIn() {
  const callback = await receiver();
  const { engine, application } = await start({ callbackUrl: callback.url });
  const session = await application.authorize('alice');
  await engine.answer(session, true);
  await callback.count(1);
  return { engine, application, callback, session };
}

describe('a suspended user', () => {
  it('is refused as a user without a device is, and can log in again after resumption', async () => {
    const { engine, application } = await start();
    await engine.createUser('bob', { device: false });
    await engine.suspendUser('alice');
    const [suspended, without] = await Promise.all(
      ['alice', 'bob'].map((username) => application.auths({ username })),
    );
    expect(suspended?.body.message_code).toBe(40424);
    expect([suspended?.status, suspended?.body]).toEqual([without?.status, without?.body]);
    expect(await engine.users()).toMatchObject([
      { username: 'alice', suspendedAt: expect.any(Date) },
      { username: 'bob' },
    ]);
    await engine.resumeUser('alice');
    await engine.answer(await application.authorize('alice'), true);
    expect((await engine.users())[0]?.suspendedAt).toBeUndefined();
  });

  it('has no sessions and no open requests, and the applications receive logout events', async () => {
    const { engine, application, callback, session } = await loggedIn();
    const open = await application.authorize('alice');
    const poll = application.poll(open, { wait: 60 });
    await heldPolls(engine.url, 1);
    await engine.suspendUser('alice');
    expect((await poll).body.message_code).toBe(70404);
    expect((await application.poll(session)).body.message_code).toBe(70404);
    await expect(engine.answer(open, true)).rejects.toMatchObject({
      code: 'ENGINE_REQUEST_EXPIRED',
    });
    const [, logout] = await callback.count(2);
    expect(JSON.parse(logout?.query.get('deorbit') ?? '')).toHaveProperty('user_hash');
    await engine.suspendUser('alice');
    const kinds = (await engine.audit({ username: 'alice' })).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'user.suspended')).toHaveLength(1);
    expect(kinds).toContain('sessions.ended');
  });

  it('keeps its devices and has no session after resumption', async () => {
    const { engine, application, session } = await loggedIn();
    const phone = await Device.paired(engine.url, (await engine.pairDevice('alice')).code);
    await engine.suspendUser('alice');
    await engine.resumeUser('alice');
    expect((await application.poll(session)).body.message_code).toBe(70404);
    await application.authorize('alice');
    expect((await phone.answer(true)).status).toBe(200);
    const kinds = (await engine.audit({ username: 'alice' })).map(({ kind }) => kind);
    expect(kinds).toContain('user.resumed');
  });

  it('must exist', async () => {
    const { engine } = await start();
    for (const missing of [engine.suspendUser('bob'), engine.resumeUser('bob')]) {
      await expect(missing).rejects.toMatchObject({ code: 'ENGINE_UNKNOWN_USER' });
    }
  });
});

describe('a deleted user', () => {
  it('is logged out of the applications', async () => {
    const { engine, callback } = await loggedIn();
    const userHash = callback.received[0]?.query.get('user_hash');
    await engine.deleteUser('alice');
    const [, logout] = await callback.count(2);
    expect(JSON.parse(logout?.query.get('deorbit') ?? '')).toMatchObject({ user_hash: userHash });
  });
});
