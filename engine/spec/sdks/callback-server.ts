import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An application's callback URL, at which a function takes the events. */
export class CallbackServer {
  readonly url: string;
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/callback`;
  }

  /** `take` returns the HTTP status of the response. */
  static async open(take: (event: URLSearchParams) => Promise<number>): Promise<CallbackServer> {
    const server = createServer(async (request, response) => {
      request.resume();
      const { searchParams } = new URL(request.url ?? '', 'http://localhost');
      response.writeHead(await take(searchParams)).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new CallbackServer(server);
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
