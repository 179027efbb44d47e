import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buildPrograms } from './build-programs.js';

/** What all tests of a run share, by name: how to start it, and how to end it. */
const SHARED = {
  /** The folder with the programs that tests start as processes. */
  programs: buildPrograms,
  /** The folder of a PostgreSQL server. */
  postgres: async () => {
    const { Postgres } = await import('../../engine/spec/support/postgres-server.js');
    const server = await Postgres.start();
    return { value: server.folder, end: () => server.stop() };
  },
} satisfies Record<string, () => Promise<Started>>;

interface Started {
  value: string;
  end(): Promise<void>;
}

export type SharedName = keyof typeof SHARED;

/**
 * Serves the shared things to the workers. Each is started when the first test asks for it, so that a
 * run of one small file starts none.
 */
export async function serveShared(): Promise<{ url: string; close(): Promise<void> }> {
  const started = new Map<string, Promise<Started>>();
  const server = createServer(async (request, response) => {
    const name = request.url?.slice(1) as SharedName;
    if (!started.has(name)) started.set(name, SHARED[name]());
    try {
      response.end((await started.get(name))?.value);
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      const ended = [...started.values()].map(async (starting) => (await starting).end());
      await Promise.allSettled(ended);
    },
  };
}
