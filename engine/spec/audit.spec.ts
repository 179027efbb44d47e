import { expect, it } from 'vitest';
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
