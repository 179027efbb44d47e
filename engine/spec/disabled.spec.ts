import { expect, it, vi } from 'vitest';
import { Application } from './support/application.js';
import { start } from './support/engine.js';
import { heldPolls } from './support/metrics.js';
import { receiver } from './support/receiver.js';

/** An event waits for an application that is disabled; that of another one has been delivered. */
async function waiting() {
  const { url, connections, count } = await receiver();
  const logger = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
  const { engine, application, clock } = await start({ callbackUrl: url, logger });
  const { appKey } = application.credentials;
  const authRequest = await application.authorize('alice');
  await engine.disableApp(appKey);
  await engine.answer(authRequest, true);
  const other = await receiver();
  const credentials = await engine.createApp({ name: 'Other', callbackUrl: other.url });
  const asked = await new Application(engine.url, credentials).authorize('alice');
  await engine.answer(asked, true);
  await other.count(1);
  return { engine, appKey, authRequest, clock, logger, connections, count };
}

it('refuses what a disabled application holds, at once', async () => {
  const { engine, application } = await start();
  const held = application.poll(await application.authorize('alice'), { wait: 60 });
  await heldPolls(engine.url, 1);
  await engine.disableApp(application.credentials.appKey);
  const { status, body } = await held;
  expect([status, body.message_code]).toEqual([403, 70435]);
});

it('sends a disabled application no event, and what is not too old once it is enabled', async () => {
  const { engine, appKey, authRequest, connections, count } = await waiting();
  expect(connections()).toBe(0);

  await engine.enableApp(appKey);
  const [event] = await count(1);
  expect(event?.query.get('auth_request')).toBe(authRequest);
});

it('gives up what waits for a disabled application for too long', async () => {
  const { clock, logger, connections } = await waiting();
  clock.advance(5 * 60_000);
  await expect
    .poll(() => logger.warn.mock.calls)
    .toEqual([[expect.objectContaining({ kind: 'answer' }), 'event given up']]);
  expect(connections()).toBe(0);
});
