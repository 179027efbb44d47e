import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Faults, Watched } from '../observability/faults.js';

/** The part of the connections beyond which idle ones are closed. */
const CROWDED = 0.8;
/** The part of the connections below which there is room again. */
const SPACIOUS = 0.6;

export interface ConnectionLimits {
  /** Maximum number of connections, fewer than the operating system has files for. */
  max: number;
  faults: Faults;
}

/**
 * All connections of a server. Node's `closeAllConnections` omits connections in their TLS handshake,
 * and one of them keeps a server from closing.
 *
 * When connections are many, a new one replaces the one that has been idle longest, and each response
 * ends its connection: with all files in use, the engine could answer no client and no health check.
 */
export class Connections {
  /** Number of connections that were made so far. */
  accepted = 0;
  private readonly open = new Set<Socket>();
  /** Connections without a request, the one that has been idle longest first. */
  private readonly idle = new Set<Socket>();
  private readonly requests = new WeakMap<Socket, number>();
  private readonly max: number;
  private readonly room: Watched;

  constructor(server: Server, { max, faults }: ConnectionLimits) {
    this.max = max;
    this.room = faults.watch('too many connections', 'connections have room again', {
      level: 'warn',
    });
    if (Number.isFinite(max)) server.maxConnections = max;
    server.on('connection', (socket: Socket) => this.add(socket));
    const ready = 'setSecureContext' in server ? 'secureConnection' : 'connection';
    server.on(ready, (socket: Socket) => this.rest(socket));
    server.prependListener('request', (request, response) => this.begin(request, response));
    server.on('drop', () => this.report());
  }

  get count(): number {
    return this.open.size;
  }

  destroy(): void {
    for (const socket of this.open) socket.destroy();
  }

  private get isCrowded(): boolean {
    return this.open.size > this.max * CROWDED;
  }

  private add(socket: Socket): void {
    this.open.add(socket);
    this.accepted += 1;
    socket.once('close', () => {
      this.open.delete(socket);
      if (this.open.size < this.max * SPACIOUS) this.room.worked();
    });
    if (!this.isCrowded) return;
    this.report();
    const [longest] = this.idle;
    longest?.destroy();
  }

  private rest(socket: Socket): void {
    this.idle.add(socket);
    socket.once('close', () => this.idle.delete(socket));
  }

  private begin({ socket }: IncomingMessage, response: ServerResponse): void {
    this.idle.delete(socket);
    this.requests.set(socket, (this.requests.get(socket) ?? 0) + 1);
    if (this.isCrowded) response.setHeader('connection', 'close');
    response.once('close', () => {
      const requests = (this.requests.get(socket) ?? 1) - 1;
      this.requests.set(socket, requests);
      if (requests === 0 && !socket.destroyed) this.idle.add(socket);
    });
  }

  private report(): void {
    const help = 'raise the limit of open files (LimitNOFILE, ulimit -n)';
    const error = Object.assign(new Error('Idle connections are closed.'), {
      code: 'CONNECTION_LIMIT',
    });
    this.room.failed(error, { max: this.max, help });
  }
}
