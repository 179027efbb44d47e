import { expect, it } from 'vitest';
import { Application } from './support/application.js';
import { type Started, start } from './support/engine.js';

const HOUR = 3_600_000;

/** Whether the engine takes a request that is made at its own time. */
async function ask(
  { application, clock }: Pick<Started, 'application' | 'clock'>,
  browser?: object,
): Promise<boolean> {
  const { status, body } = await application.auths({
    ...(await application.stamped(clock.now())),
    username: 'alice',
    ...(browser && { browser: JSON.stringify(browser) }),
  });
  if (status !== 200) expect(body.message_code).toBe(40436);
  return status === 200;
}

it('lets a known browser ask at the first attempt, while a stranger asks every 20 seconds for an hour', async () => {
  const started = await start({ rateLimit: undefined });
  const { clock } = started;
  const attempts: boolean[] = [];
  for (let time = 0; time < HOUR; time += 20_000) {
    await ask(started, { address: '203.0.113.7', known: false });
    await ask(started);
    if (time % 600_000 === 0) attempts.push(await ask(started, { known: true, id: 'home' }));
    clock.advance(20_000);
  }
  expect(attempts).toEqual(Array(6).fill(true));
});

it('limits each known browser by windows of its own', async () => {
  const started = await start({ rateLimit: undefined });
  expect(await ask(started, { known: true, id: 'home' })).toBe(true);
  expect(await ask(started, { known: true, id: 'home' })).toBe(false);
  expect(await ask(started, { known: true, id: 'work' })).toBe(true);
  expect(await ask(started)).toBe(true);
  const { engine, clock } = started;
  const other = new Application(engine.url, await engine.createApp({ name: 'Other' }));
  expect(await ask({ application: other, clock }, { known: true, id: 'home' })).toBe(true);
});

it('counts a browser as unknown that has no pseudonym, or that is not called known', async () => {
  const started = await start({ rateLimit: undefined });
  expect(await ask(started)).toBe(true);
  expect(await ask(started, { known: true })).toBe(false);
  expect(await ask(started, { known: false, id: 'home' })).toBe(false);
});

it('limits all known browsers of a user and an application together', async () => {
  const started = await start({ rateLimit: undefined });
  const taken: boolean[] = [];
  for (let count = 0; count < 22; count += 1) {
    taken.push(await ask(started, { known: true, id: `browser-${count}` }));
  }
  expect(taken).toEqual([...Array(20).fill(true), false, false]);
});
