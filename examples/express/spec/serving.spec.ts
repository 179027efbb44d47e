import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished, vi } from 'vitest';
import { listen } from '../serving.js';

it('has a browser that comes before there is an application wait for it', async () => {
  vi.stubEnv('PORT', '0');
  onTestFinished(() => void vi.unstubAllEnvs());
  const { server, url, serve } = await listen();
  onTestFinished(() => void server.close());
  const reply = fetch(url);
  await once(server, 'request');
  serve((_req, res) => void res.end('the application'));
  expect(await (await reply).text()).toBe('the application');
});

it.each(['PORT', 'ENGINE_PORT'])('says in one line that the port in %s is taken', async (name) => {
  const other = createServer();
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;
  const env = {
    ...process.env,
    PORT: '0',
    ENGINE_PORT: '0',
    DATA_FILE: ':memory:',
    [name]: `${port}`,
  };
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const demo = spawn(process.execPath, ['--import', 'tsx', 'demo.ts'], { cwd, env });
  const [stderr, [code]] = await Promise.all([text(demo.stderr), once(demo, 'close')]);
  expect(code).toBe(1);
  expect(stderr).toMatch(new RegExp(`^.*${port}.* PORT and ENGINE_PORT choose the ports\\.\\n$`));
});
