import type { Server, Socket } from 'node:net';

/**
 * All connections of a server. Node's `closeAllConnections` omits connections in their TLS handshake,
 * and one of them keeps a server from closing.
 */
export class Connections {
  private readonly open = new Set<Socket>();

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      this.open.add(socket);
      socket.once('close', () => this.open.delete(socket));
    });
  }

  get count(): number {
    return this.open.size;
  }

  destroy(): void {
    for (const socket of this.open) socket.destroy();
  }
}
