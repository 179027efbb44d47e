import { expect, it, vi } from 'vitest';
import { start } from './support/engine.js';

it('writes down what an operator does to applications, users and keys, in the order of it', async () => {
  const { engine, application } = await start();
  const { appKey, secretKey } = application.credentials;
  await engine.disableApp(appKey);
  await engine.enableApp(appKey);
  const { fingerprint } = await engine.rotatePingKey();
  await engine.deleteUser('alice');

  const trail = await engine.audit();
  expect(trail.toReversed()).toMatchObject([
    { kind: 'app.created', appKey, details: { name: 'Shop' } },
    { kind: 'user.created' },
    { kind: 'app.disabled', appKey },
    { kind: 'app.enabled', appKey },
    { kind: 'key.rotated', details: { fingerprint } },
    { kind: 'user.deleted', details: { username: 'alice' } },
  ]);
  expect(JSON.stringify(trail)).not.toContain(secretKey);
});

it('writes down nothing that was not done', async () => {
  const { engine } = await start();
  const before = await engine.audit();
  for (const refused of [
    engine.createApp({ name: '' }),
    engine.createUser('alice'),
    engine.disableApp('1'),
    engine.enableApp('1'),
  ]) {
    await expect(refused).rejects.toMatchObject({ name: 'LaunchKeyEngineError' });
  }
  expect(await engine.audit()).toEqual(before);
});

it('writes down which auth requests were made, withdrawn and expired', async () => {
  const { engine, application, clock } = await start();
  const { appKey } = application.credentials;
  await application.log(await application.authorize('alice'), 'Withdraw');
  const authRequest = await application.authorize('alice');
  clock.advance(300_000);
  await vi.waitFor(
    async () => {
      const trail = (await engine.audit({ username: 'alice' })).toReversed();
      expect(trail.filter(({ kind }) => kind.startsWith('request.'))).toMatchObject([
        { kind: 'request.created', appKey, details: {} },
        { kind: 'request.withdrawn', appKey },
        { kind: 'request.created', appKey },
        { kind: 'request.expired', appKey, details: {} },
      ]);
      expect(JSON.stringify(trail)).not.toContain(authRequest);
    },
    { timeout: 10_000 },
  );
});

it('writes down the first refused auth request at once, and those of the next hour as one entry', async () => {
  const { engine, application, clock } = await start({ rateLimit: undefined });
  const ask = async (username: string) =>
    await application.auths({ username, ...(await application.stamped(clock.now())) });
  const refused = async () =>
    (await engine.audit()).filter(({ kind }) => kind === 'request.refused').toReversed();
  await ask('alice');
  for (let count = 0; count < 30; count += 1) await ask('alice');
  for (const name of ['mallory', 'nobody']) await ask(name);
  const { appKey } = application.credentials;
  const first = [
    { username: 'alice', appKey, details: { reason: 'rate_limited', count: 1 } },
    { username: undefined, appKey, details: { reason: 'unknown_user', count: 1 } },
  ];
  expect(await refused()).toMatchObject(first);
  clock.advance(3_600_000);
  await vi.waitFor(
    async () =>
      expect(await refused()).toMatchObject([
        ...first,
        { username: 'alice', appKey, details: { reason: 'rate_limited', count: 29 } },
        { username: undefined, appKey, details: { reason: 'unknown_user', count: 1 } },
      ]),
    { timeout: 10_000 },
  );
});
