import { LaunchKeyClient } from 'passport-launchkey';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeEngine, TOKEN } from '../support/fake-engine.js';
import { startWorld } from '../support/world.js';

async function start() {
  const world = await startWorld();
  const client = new LaunchKeyClient(world.options);
  return { engine: world.engine, client, authRequest: await client.authorize('alice') };
}

describe('withdraw()', () => {
  it('takes an unanswered auth request off the phone, any number of times', async () => {
    const { engine, client, authRequest } = await start();
    expect(await engine.requests('alice')).toHaveLength(1);
    expect(await client.withdraw(authRequest)).toBe(true);
    expect(await client.withdraw(authRequest)).toBe(true);
    expect(await engine.requests('alice')).toEqual([]);
    await expect(client.pollRequest(authRequest)).rejects.toMatchObject({ messageCode: 70404 });
  });

  it('returns false for an auth request that the user has answered', async () => {
    const { engine, client, authRequest } = await start();
    await engine.answer(authRequest, true);
    expect(await client.withdraw(authRequest)).toBe(false);
    expect(await client.pollRequest(authRequest)).not.toBeNull();
  });

  it('returns false for an unknown auth request', async () => {
    const { client } = await start();
    expect(await client.withdraw('unknown')).toBe(false);
  });

  it('sends nothing but a ping to an engine that does not name the feature', async () => {
    const engine = await FakeEngine.start();
    onTestFinished(() => engine.close());
    expect(await engine.client().withdraw(TOKEN)).toBe(false);
    expect(engine.calls.map(({ path }) => path)).toEqual(['/ping']);
  });

  it('throws when the engine cannot be reached', async () => {
    const { engine, client, authRequest } = await start();
    await engine.close();
    await expect(client.withdraw(authRequest)).rejects.toMatchObject({ retryable: true });
  });

  it('refuses what cannot be an auth request', async () => {
    const { client } = await start();
    await expect(client.withdraw('')).rejects.toMatchObject({ name: 'InvalidRequestError' });
  });
});
