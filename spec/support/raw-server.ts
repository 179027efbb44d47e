import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A server below HTTP, for what no HTTP server can be made to do. */
export interface RawServer {
  url: string;
  /** How many connections there were. */
  connections: number;
  /** How many requests there were. */
  requests: string[];
  close(): Promise<void>;
}

/**
 * Starts it. `answer` gets each request, headers and body together, and its number from 0.
 */
export async function startRawServer(
  answer: (socket: Socket, request: string, index: number) => void,
): Promise<RawServer> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    raw.connections += 1;
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
      const head = text.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (text.length < head + 4 + length) return;
      const request = text;
      text = '';
      raw.requests.push(request);
      answer(socket, request, raw.requests.length - 1);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const raw: RawServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    connections: 0,
    requests: [],
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      if (server.listening) await once(server, 'close');
    },
  };
  return raw;
}

/** A whole HTTP answer with a JSON body. */
export function httpAnswer(body: unknown, status = '200 OK'): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}
