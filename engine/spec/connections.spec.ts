import { channel } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer as createHttpServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, it, onTestFinished, vi } from 'vitest';
import { assemble } from '../lib/assemble.js';
import { limitRequests } from '../lib/http/request-limits.js';
import { createServer } from '../lib/http/server.js';
import { resolveOptions } from '../lib/resolve-options.js';
import { share } from './support/engine.js';
import { http } from './support/http.js';

const PATIENT = { timeout: 10_000 };
const METRICS = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n';

/** A connection to the engine, and all that it has received. */
function open(port: number) {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.setEncoding('latin1').on('data', (text) => {
    received += text;
  });
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  return { socket, closed: once(socket, 'close'), received: () => received };
}

/** Calls `act` with each request that a server on this port receives. */
function watchRequests(port: number, act: (server: Server, socket: Socket) => void): void {
  const requests = channel('http.server.request.start');
  const note = (message: unknown) => {
    const { server, socket } = message as { server: Server; socket: Socket };
    if (socket.localPort === port) act(server, socket);
  };
  requests.subscribe(note);
  onTestFinished(() => void requests.unsubscribe(note));
}

async function sharedPort(): Promise<number> {
  return Number(new URL((await share()).engine.url).port);
}

/** A server of an engine that allows this time for a request. */
async function serverWith(requestTimeoutMs: number) {
  const { services } = await assemble(resolveOptions({}));
  const server = await createServer(services, [], { requestTimeoutMs });
  await server.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(async () => await server.close());
  return { services, port: (server.server.address() as AddressInfo).port };
}

it('limits how long a connection is silent and how long a request takes', async () => {
  const port = await sharedPort();
  const timeouts: unknown[] = [];
  watchRequests(port, ({ requestTimeout, headersTimeout }, { timeout }) =>
    timeouts.push([timeout, requestTimeout, headersTimeout]),
  );
  await http(`http://127.0.0.1:${port}/healthz`);
  expect(timeouts).toEqual([[90_000, 30_000, 30_000]]);
});

it('ends a request whose body arrives byte by byte when its time is over', async () => {
  const { port } = await serverWith(300);
  const { socket, closed, received } = open(port);
  const length = 60_000;
  socket.write(
    `POST /v1/poll HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`,
  );
  const trickle = setInterval(() => socket.write(' '), 20);
  onTestFinished(() => clearInterval(trickle));
  await closed;
  expect(received()).toMatch(/^HTTP\/1\.1 400 /);
}, 10_000);

it('destroys a connection on which hundreds of requests are sent at once', async () => {
  const port = await sharedPort();
  const { socket, closed, received } = open(port);
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(500));
  await closed;
  expect(received().split('HTTP/1.1 200 OK').length).toBeLessThan(40);
});

it('answers some requests that are sent at once in their order', async () => {
  const port = await sharedPort();
  const { socket, closed, received } = open(port);
  const requests = Array.from({ length: 20 }, (_, i) => (i % 3 === 0 ? '/healthz' : '/none'));
  socket.write(requests.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await closed;
  const statuses = [...received().matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
  expect(statuses).toEqual([...requests.map((path) => (path === '/none' ? '404' : '200')), '200']);
});

it('handles four requests of one connection at one time', async () => {
  const started: ServerResponse[] = [];
  const server = createHttpServer(limitRequests((_request, response) => started.push(response)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const all = once(server, 'request');
  const { socket } = open(port);
  socket.write(METRICS.repeat(10));
  await all;
  expect(started).toHaveLength(4);
  started[0]?.end();
  await expect.poll(() => started.length, PATIENT).toBe(5);
});

it('refuses a request with two Host headers', async () => {
  const port = await sharedPort();
  const { socket, closed, received } = open(port);
  socket.write(`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nHost: other\r\n\r\n`);
  await closed;
  expect(received()).toMatch(/^HTTP\/1\.1 400 /);
});

it('reads the figures once for all requests that arrive meanwhile', async () => {
  const { services, port } = await serverWith(30_000);
  let end: (figures: string) => void = () => {};
  const text = vi.spyOn(services.metrics, 'text').mockImplementation(
    () =>
      new Promise((resolve) => {
        end = resolve;
      }),
  );
  let requests = 0;
  watchRequests(port, () => {
    requests += 1;
  });
  const replies = Array.from({ length: 5 }, () => http(`http://127.0.0.1:${port}/metrics`));
  await expect.poll(() => requests, PATIENT).toBe(5);
  end('figures');
  expect((await Promise.all(replies)).map((reply) => reply.text)).toEqual(
    Array.from({ length: 5 }, () => 'figures'),
  );
  expect(text).toHaveBeenCalledTimes(1);
});
