import { channel } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { share } from './support/engine.js';
import { http } from './support/http.js';

it('ends a connection on which nothing moves for longer than a poll is held', async () => {
  const { engine } = await share();
  const timeouts: unknown[] = [];
  const requests = channel('http.server.request.start');
  const note = (message: unknown) => {
    const { socket } = message as { socket: Socket };
    if (socket.localPort === Number(new URL(engine.url).port)) timeouts.push(socket.timeout);
  };
  requests.subscribe(note);
  onTestFinished(() => void requests.unsubscribe(note));
  // What Node waits for while a request is answered, such as for a client that takes nothing of it.
  await http(`${engine.url}/healthz`);
  expect(timeouts).toEqual([90_000]);
});
