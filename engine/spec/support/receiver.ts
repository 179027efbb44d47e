import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Received {
  method: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: string;
}

export interface Receiver {
  url: string;
  received: Received[];
  /** How many connections have been made to it. */
  connections(): number;
  /** Resolves when this many events have come in all. */
  count(events: number): Promise<Received[]>;
}

/** An application's callback URL: a real server that answers with `statuses` in turn, then 200. */
export async function receiver(statuses: number[] = [], path = '/callback'): Promise<Receiver> {
  const received: Received[] = [];
  const waiting: { events: number; resolve: (all: Received[]) => void }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const url = new URL(request.url ?? '', 'http://localhost');
      const { method = '', headers } = request;
      received.push({ method, query: url.searchParams, headers, body });
      response.writeHead(statuses.shift() ?? 200, { location: '/elsewhere' }).end();
      for (const one of waiting) if (received.length >= one.events) one.resolve(received);
    });
  });
  let connections = 0;
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`,
    received,
    connections: () => connections,
    count: (events) =>
      new Promise((resolve) => {
        if (received.length >= events) resolve(received);
        else waiting.push({ events, resolve });
      }),
  };
}
