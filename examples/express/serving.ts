import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

/** Where the accounts are kept. */
export const dataFile =
  process.env.DATA_FILE ?? fileURLToPath(new URL('data/users.sqlite', import.meta.url));

interface Listening {
  server: Server;
  url: string;
  /** Hands over the application. Requests that came before wait for it. */
  serve(application: RequestListener): void;
}

/** A server on `PORT` of this machine, and its address, which the application has to know. */
export async function listen(): Promise<Listening> {
  const port = Number(process.env.PORT ?? 3000);
  let serve: Listening['serve'] = () => {};
  const application = new Promise<RequestListener>((resolve) => {
    serve = resolve;
  });
  const server = createServer(async (req, res) => (await application)(req, res));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? new Error(`Port ${port} is taken.`) : error);
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  return { server, url: `http://localhost:${(server.address() as AddressInfo).port}`, serve };
}

/** Ends a program that cannot start with the message alone: its user needs no stack. */
export function endWithMessage(error: Error): never {
  console.error(`${error.message} PORT and ENGINE_PORT choose the ports.`);
  process.exit(1);
}

/** Ends the server, and then what else there is to end, at Ctrl+C. */
export function endWithCtrlC(server: Server, endTheRest: () => void | Promise<void>): void {
  let stopping = false;
  // Not once(): what runs this may pass on a Ctrl+C that came here already.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, async () => {
      if (stopping) return;
      stopping = true;
      server.close();
      server.closeAllConnections();
      await endTheRest();
    });
  }
}
