import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Postgres } from './postgres-server.js';

/** A TCP address in front of a PostgreSQL server, which can fail as networks do. */
export class DatabaseProxy {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private state: 'open' | 'closed' | 'hung' = 'open';

  private constructor(server: Server, path: string) {
    this.server = server;
    server.on('connection', (socket) => this.accept(socket, path));
  }

  static async before(postgres: Postgres): Promise<DatabaseProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const proxy = new DatabaseProxy(server, join(postgres.folder, '.s.PGSQL.5432'));
    onTestFinished(() => proxy.close());
    return proxy;
  }

  url(databaseUrl: string): string {
    const { port } = this.server.address() as AddressInfo;
    const { pathname } = new URL(databaseUrl.replace(/@[^/]*/, '@host'));
    return `postgres://engine@127.0.0.1:${port}${pathname}`;
  }

  /** Ends all connections and accepts no more. */
  cut(): void {
    this.state = 'closed';
    for (const socket of this.sockets) socket.destroy();
  }

  /** Passes no more bytes on and ends no connection. */
  hang(): void {
    this.state = 'hung';
    for (const socket of this.sockets) socket.pause();
  }

  /** Passes on again; connections that hung continue. */
  open(): void {
    this.state = 'open';
    for (const socket of this.sockets) socket.resume();
  }

  close(): void {
    this.cut();
    this.server.close();
  }

  private accept(socket: Socket, path: string): void {
    if (this.state === 'closed') {
      socket.destroy();
      return;
    }
    const database = connect(path);
    for (const [from, to] of [
      [socket, database],
      [database, socket],
    ] as const) {
      this.sockets.add(from);
      from.on('data', (chunk) => to.write(chunk));
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.sockets.delete(from);
        to.destroy();
      });
      if (this.state === 'hung') from.pause();
    }
  }
}
