import { once } from 'node:events';
import { connect } from 'node:net';
import Fastify from 'fastify';
import { expect, it, onTestFinished } from 'vitest';
import { onDisconnect } from '../lib/http/client-disconnect.js';

it('notices a client that left while something else was awaited', async () => {
  const app = Fastify();
  onTestFinished(async () => await app.close());
  const left = new Promise<boolean>((resolve) => {
    app.get('/', async (_request, reply) => {
      client.destroy();
      await once(reply.raw, 'close');
      let called = false;
      onDisconnect(reply, () => {
        called = true;
      });
      resolve(called);
      return reply.hijack();
    });
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  const client = connect(app.server.address() as { port: number });
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  expect(await left).toBe(true);
});
