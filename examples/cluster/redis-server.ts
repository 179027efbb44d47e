import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A Redis of the demo's own, which keeps nothing. */
export interface OwnRedis {
  url: string;
  stop(): Promise<void>;
}

/** Starts the redis-server that is found on the PATH, on a free port of loopback. */
export async function startRedis(): Promise<OwnRedis> {
  const port = await freePort();
  const settings = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  // In a process group of its own: Ctrl+C must reach the application first.
  const child = spawn('redis-server', settings, {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await ready(child);
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stdout?.on('data', (chunk) => {
      said += chunk;
      if (said.includes('Ready to accept connections')) resolve();
    });
    child.once('exit', () => reject(new Error(`redis-server ended at once:\n${said}`)));
    child.once('error', (error: NodeJS.ErrnoException) => {
      const missing = 'redis-server is not on the PATH. Install it, or name a Redis in REDIS_URL.';
      reject(error.code === 'ENOENT' ? new Error(missing) : error);
    });
  });
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}
