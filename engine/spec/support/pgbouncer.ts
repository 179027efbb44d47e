import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { isExecutable } from '../../../spec/support/executable.js';
import type { Postgres } from './postgres-server.js';

export const PGBOUNCER_MISSING = 'PgBouncer is not installed: put pgbouncer on the PATH';
/** PgBouncer refuses to run as root. */
const UNPRIVILEGED_USER = { uid: 65_534, gid: 65_534 };

export function pgbouncerPath(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'];
  return folders.map((folder) => join(folder, 'pgbouncer')).find(isExecutable);
}

/** Puts PgBouncer in transaction mode before a server, and returns the URL of the same database there. */
export async function behindPgBouncer(server: Postgres, databaseUrl: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'engine-pgbouncer-'));
  chmodSync(folder, 0o755);
  const port = await freePort();
  const config = join(folder, 'pgbouncer.ini');
  writeFileSync(
    config,
    `[databases]
* = host=${server.folder} port=5432 user=engine
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
ignore_startup_parameters = extra_float_digits
`,
  );
  const identity = process.getuid?.() === 0 ? UNPRIVILEGED_USER : {};
  const child = spawn(pgbouncerPath() ?? '', [config], {
    ...identity,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (child.exitCode === null) await once(child, 'exit');
    rmSync(folder, { recursive: true });
  });
  await new Promise<void>((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk;
      if (/process up/.test(said)) resolve();
    });
    child.once('exit', () => reject(new Error(`pgbouncer ended:\n${said}`)));
  });
  const { pathname } = new URL(databaseUrl.replace(/@[^/]*/, '@host'));
  return `postgres://engine@127.0.0.1:${port}${pathname}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
