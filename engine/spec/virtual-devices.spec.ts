import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type EngineOptions, startEngine } from '../lib/index.js';
import { Application } from './support/application.js';
import { temporary } from './support/data.js';
import { http } from './support/http.js';

const OFF = /Virtual devices are off/;

async function run(options: EngineOptions) {
  const logged: [object, string][] = [];
  const note = (details: object, message: string) => {
    logged.push([details, message]);
  };
  const logger = { info: note, warn: note, error: note };
  const engine = await startEngine({ rateLimit: false, logger, ...options });
  onTestFinished(async () => await engine.close());
  return { engine, logged };
}

/** A forwarder of TCP connections, as another machine reaches it. */
async function forwarder(port: number): Promise<number> {
  const server = createServer((client) => {
    const engine = connect(port, '127.0.0.1');
    client.pipe(engine).pipe(client);
    for (const socket of [client, engine]) socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as { port: number }).port;
}

describe('virtual devices', () => {
  it.each<[string, () => Promise<EngineOptions>]>([
    ['a data file', async () => ({ data: join(await temporary(), 'engine.db') })],
    ['a public URL', async () => ({ publicUrl: 'https://engine.example.com' })],
  ])('are off with %s, and their users have no device', async (_name, options) => {
    const { engine } = await run(await options());
    const shop = await engine.createApp({ name: 'Shop' });
    expect(await engine.createUser('alice')).toMatchObject({ hasDevice: false });
    expect(await engine.users()).toMatchObject([{ username: 'alice', hasDevice: false }]);
    const asked = await new Application(engine.url, shop).auths({ username: 'alice' });
    expect(asked.body.message_code).toBe(40424);
    const { code } = await engine.pairDevice('alice');
    for (const refused of [
      engine.createUser('bob', { device: true }),
      engine.answer('token', true),
      engine.pair(code),
    ]) {
      await expect(refused).rejects.toMatchObject({
        code: 'ENGINE_NO_VIRTUAL_DEVICE',
        message: expect.stringMatching(OFF),
      });
    }
  });

  it('are reached through a TCP forwarder only where they are on', async () => {
    const statuses: number[] = [];
    for (const options of [{}, { publicUrl: 'https://engine.example.com' }]) {
      const { engine } = await run(options);
      await engine.createUser('alice');
      const { port, host } = new URL(engine.url);
      const url = `http://127.0.0.1:${await forwarder(Number(port))}/authenticator/virtual/state`;
      statuses.push((await http(`${url}?user=alice`, { headers: { host } })).status);
    }
    expect(statuses).toEqual([200, 403]);
  });

  it('that users have from before are off too, and the engine warns of these users', async () => {
    const data = join(await temporary(), 'engine.db');
    const first = await run({ data, virtualDevices: true });
    const shop = await first.engine.createApp({ name: 'Shop' });
    expect(await first.engine.createUser('alice')).toMatchObject({ hasDevice: true });
    const asked = await new Application(first.engine.url, shop).auths({ username: 'alice' });
    await first.engine.answer(asked.body.auth_request, true);
    await first.engine.close();
    expect(first.logged).toEqual([]);

    const { engine, logged } = await run({ data });
    expect(logged).toEqual([
      [
        { users: 1, help: expect.stringContaining('--virtual-devices') },
        'users have no device: their virtual devices are off',
      ],
    ]);
    expect(await engine.users()).toMatchObject([{ hasDevice: false }]);
    const again = await new Application(engine.url, shop).auths({ username: 'alice' });
    expect(again.body.message_code).toBe(40424);
  });

  it('are no option of another kind', async () => {
    const virtualDevices = 'on' as unknown as boolean;
    await expect(startEngine({ virtualDevices })).rejects.toMatchObject({
      code: 'ENGINE_INVALID_OPTION',
      message: 'The option virtualDevices must be true or false.',
    });
  });
});
