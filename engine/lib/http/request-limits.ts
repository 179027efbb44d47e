import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { errorBody, UNREADABLE } from './v1/respond.js';

/** Requests of one connection that are handled at one time. Their responses leave in order anyway. */
const MAX_RUNNING = 4;
/** Requests that wait on one connection. Clients that pipeline at all send a few. */
const MAX_WAITING = 32;

/** The requests of one connection. */
class Requests {
  private readonly handle: RequestListener;
  private running = 0;
  private readonly waiting: [IncomingMessage, ServerResponse][] = [];

  constructor(handle: RequestListener) {
    this.handle = handle;
  }

  add(request: IncomingMessage, response: ServerResponse): void {
    if (this.running < MAX_RUNNING) this.start(request, response);
    else if (this.waiting.length < MAX_WAITING) this.waiting.push([request, response]);
    else request.socket.destroy();
  }

  private start(request: IncomingMessage, response: ServerResponse): void {
    this.running += 1;
    response.once('close', () => {
      this.running -= 1;
      const next = this.waiting.shift();
      if (next) this.start(...next);
    });
    this.handle(request, response);
  }
}

/**
 * Limits how many requests of one connection are handled at one time: Node reads all that a client has
 * sent before the first response, and thousands of them would delay all other clients. A connection that
 * exceeds the limits is destroyed. Requests with several Host headers, which a proxy and the engine
 * could read differently, are refused.
 */
export function limitRequests(handle: RequestListener): RequestListener {
  const byConnection = new WeakMap<Socket, Requests>();
  return (request, response) => {
    const { socket } = request;
    // The rest of what was read from a connection that was destroyed.
    if (socket.destroyed) return;
    if (countHosts(request) > 1) {
      refuse(response);
      return;
    }
    const requests = byConnection.get(socket) ?? new Requests(handle);
    byConnection.set(socket, requests);
    requests.add(request, response);
  };
}

/** Node keeps the first Host header alone in `headers`. */
function countHosts({ rawHeaders }: IncomingMessage): number {
  return rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === 'host').length;
}

function refuse(response: ServerResponse): void {
  response.writeHead(400, {
    'content-type': 'application/json; charset=utf-8',
    connection: 'close',
  });
  response.end(JSON.stringify(errorBody(400, UNREADABLE)));
}
