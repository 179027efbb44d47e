import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { type Engine, type EngineOptions, startEngine } from '../lib/index.js';
import { temporary } from './support/data.js';
import { DatabaseProxy } from './support/database-proxy.js';
import { http } from './support/http.js';
import { describeWithPostgres } from './support/postgres.js';
import type { Postgres } from './support/postgres-server.js';

/** Longer than any notice takes, on a machine that is busy with other tests. */
const PATIENT = { timeout: 20_000, interval: 20 };

interface Outage {
  options: EngineOptions;
  /** What must not be shown to strangers. */
  secrets: string[];
  begin(): Promise<void> | void;
  /** What is tried meanwhile. */
  during?(engine: Engine): Promise<void>;
  /** Undoes it, where an engine can go on. */
  end?(): Promise<void> | void;
}

interface Line {
  level: string;
  code?: string;
  reason?: string;
  message: string;
}

/** Causes the outage and returns what an operator sees of it. */
async function observe({ options, secrets, begin, during, end }: Outage) {
  const lines: Line[] = [];
  const write = (level: string) => (details: object, message: string) =>
    lines.push({ level, message, ...details });
  const logger = { info: write('info'), warn: write('warn'), error: write('error') };
  const engine = await startEngine({ ...options, logger });
  onTestFinished(async () => await engine.close());
  const readyz = async () => {
    const { status, text } = await http(`${engine.url}/readyz`);
    return `${status} ${text.trim()}`;
  };
  await expect.poll(readyz, PATIENT).toBe('200 ok');
  const healthy = lines.length;
  const begun = performance.now();
  await begin();
  await expect.poll(readyz, PATIENT).not.toBe('200 ok');
  const noticed = performance.now() - begun;
  const answer = await readyz();
  const metrics = await http(`${engine.url}/metrics`);
  expect(metrics.status).toBe(200);
  expect(metrics.text).toContain('\nlaunchkey_ready 0\n');
  expect(metrics.text).not.toMatch(/^launchkey_delivery_queue /m);
  for (const secret of secrets) expect(metrics.text + answer).not.toContain(secret);
  const down = lines.filter(({ message }) => message === 'not ready');
  if (process.env.SHOW_OUTAGES) {
    const shown = { noticedMs: Math.round(noticed), answer, log: lines.slice(healthy) };
    process.stdout.write(`${JSON.stringify(shown, undefined, 1)}\n`);
  }
  await during?.(engine);
  if (end) {
    await end();
    await expect.poll(readyz, PATIENT).toBe('200 ok');
    expect(lines.map(({ message }) => message)).toContain('ready again');
    expect((await http(`${engine.url}/metrics`)).text).toContain('\nlaunchkey_ready 1\n');
  }
  // Each part of the engine says once what it cannot do.
  const said = lines.slice(healthy).filter(({ level }) => level !== 'info');
  expect(new Set(said.map(({ message, code }) => `${message} ${code}`)).size).toBe(said.length);
  expect(said.filter((line) => 'err' in line)).toEqual([]);
  return { answer, codes: [...new Set(down.map(({ code }) => code))] };
}

/** A file system of its own, which only root can mount. */
async function fileSystem(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'engine-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder]);
  onTestFinished(async () => {
    execFileSync('umount', ['--lazy', folder]);
    await rm(folder, { recursive: true, force: true });
  });
  return folder;
}

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;

it.runIf(isRoot)('reports a full disk, and goes on when there is room again', async () => {
  const folder = await fileSystem();
  const filler = join(folder, 'filler');
  const outage = await observe({
    options: { data: join(folder, 'engine.db') },
    secrets: [folder],
    begin: async () => {
      await writeFile(filler, randomBytes(4 << 20)).catch(() => {});
    },
    during: async (engine) => {
      const alone = engine.createUser('alone');
      await expect(alone).rejects.toMatchObject({ code: 'SQLITE_FULL' });
      const together = ['a', 'b', 'c'].map((name) => engine.createUser(name));
      for (const { status, reason } of (await Promise.allSettled(
        together,
      )) as PromiseRejectedResult[]) {
        expect([status, reason?.code]).toEqual(['rejected', 'SQLITE_FULL']);
      }
    },
    end: () => unlink(filler),
  });
  expect(outage).toEqual({ answer: '503 the disk is full', codes: ['SQLITE_FULL'] });
});

it.runIf(isRoot)('reports a file system that is read-only', async () => {
  const folder = await fileSystem();
  const outage = await observe({
    options: { data: join(folder, 'engine.db') },
    secrets: [folder],
    begin: () => {
      execFileSync('mount', ['--bind', folder, folder]);
      execFileSync('mount', ['-o', 'remount,ro,bind', folder]);
    },
    end: () => void execFileSync('umount', ['--lazy', folder]),
  });
  expect(outage).toEqual({ answer: '503 the data is read-only', codes: ['EROFS'] });
});

it('reports a data file that was deleted', async () => {
  const folder = await temporary();
  const data = join(folder, 'engine.db');
  const outage = await observe({ options: { data }, secrets: [folder], begin: () => unlink(data) });
  expect(outage).toEqual({
    answer: '503 the data file was moved or deleted',
    codes: ['DATA_FILE_GONE'],
  });
});

describeWithPostgres(
  'an engine on PostgreSQL',
  (server) => {
    const key = randomBytes(32).toString('base64');

    async function proxied() {
      const proxy = await DatabaseProxy.before(server());
      const databaseUrl = proxy.url(await server().database());
      const secrets = ['127.0.0.1', new URL(databaseUrl).port];
      return { proxy, options: { databaseUrl, key }, secrets };
    }

    it('reports a database that cannot be reached, and goes on when it can', async () => {
      const { proxy, ...rest } = await proxied();
      const outage = await observe({ ...rest, begin: () => proxy.cut(), end: () => proxy.open() });
      expect(outage.answer).toBe('503 the database cannot be reached');
    });

    it('reports a database that does not answer, and goes on when it does', async () => {
      const { proxy, ...rest } = await proxied();
      const outage = await observe({ ...rest, begin: () => proxy.hang(), end: () => proxy.open() });
      expect(outage).toEqual({
        answer: '503 the data does not answer',
        codes: ['DATA_TIMEOUT'],
      });
    });

    it('reports a database that has become read-only, and goes on when it is not', async () => {
      const databaseUrl = await server().database();
      const outage = await observe({
        options: { databaseUrl, key },
        secrets: [server().folder],
        begin: async () => await setReadOnly(server(), true),
        end: async () => await setReadOnly(server(), false),
      });
      expect(outage).toEqual({ answer: '503 the data is read-only', codes: ['25006'] });
    });

    it('goes on after a failover', async () => {
      const databaseUrl = await server().database();
      const outage = await observe({
        options: { databaseUrl, key },
        secrets: [server().folder],
        begin: async () => await server().end(),
        end: async () => await server().run(),
      });
      expect(outage.answer).toBe('503 the database cannot be reached');
    });
  },
  { own: true },
);

async function setReadOnly(server: Postgres, on: boolean): Promise<void> {
  const client = new pg.Client({ connectionString: server.url('postgres') });
  await client.connect();
  try {
    await client.query('set transaction_read_only = off');
    await client.query(`alter system set default_transaction_read_only = ${on ? 'on' : 'off'}`);
    await client.query('select pg_reload_conf()');
  } finally {
    await client.end();
  }
}
