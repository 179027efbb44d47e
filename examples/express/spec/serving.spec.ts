import { once } from 'node:events';
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
