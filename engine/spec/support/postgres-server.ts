import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chownSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import pg from 'pg';
import { isExecutable } from '../../../spec/support/executable.js';

export const MISSING =
  'PostgreSQL is not installed: put initdb and postgres on the PATH, or name their folder in POSTGRES_BIN';
/** The user that runs PostgreSQL if the tests run as root, because PostgreSQL refuses root. */
const UNPRIVILEGED_USER = { uid: 65_534, gid: 65_534 };

let found: string | null | undefined;

/** The folder of PostgreSQL's programs, or `null`. `POSTGRES_BIN` comes before any other. */
export function postgresBin(): string | null {
  if (found === undefined) {
    const { POSTGRES_BIN, PATH = '' } = process.env;
    const folders = POSTGRES_BIN ? [POSTGRES_BIN] : [...PATH.split(delimiter), ...packaged()];
    const folder = folders.find((one) => one && isExecutable(join(one, 'initdb')));
    // Where it really stands: the folder of a link need not have the other programs.
    found = folder === undefined ? null : dirname(realpathSync(join(folder, 'initdb')));
  }
  return found;
}

/** Where Debian and its like put it. */
function packaged(): string[] {
  const root = '/usr/lib/postgresql';
  try {
    return readdirSync(root).map((version) => join(root, version, 'bin'));
  } catch {
    return [];
  }
}

/** A PostgreSQL of the test's own, on a socket file in a folder of its own. */
export class Postgres {
  readonly folder: string;
  private readonly durable: boolean;
  private child: ChildProcess | undefined;

  private constructor(folder: string, durable: boolean) {
    this.folder = folder;
    this.durable = durable;
  }

  /** One that the caller did not start, and does not end. */
  static at(folder: string): Postgres {
    return new Postgres(folder, false);
  }

  /**
   * Resolves when it accepts connections. The caller stops it. Only a `durable` one waits for the disk,
   * which a test that pulls no plug needs not.
   */
  static async start({ durable = false } = {}): Promise<Postgres> {
    const folder = mkdtempSync(join(tmpdir(), 'engine-pg-'));
    const server = new Postgres(folder, durable);
    try {
      if (isRoot()) chownSync(folder, UNPRIVILEGED_USER.uid, UNPRIVILEGED_USER.gid);
      const args = ['-D', join(folder, 'data'), '-U', 'engine', '-A', 'trust', '-E', 'UTF8', '-N'];
      execFileSync(join(postgresBin() ?? '', 'initdb'), args, { ...identity(), cwd: folder });
      await server.run();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** Makes an empty database and returns its URL. */
  async database(): Promise<string> {
    const name = `engine_${randomUUID().replaceAll('-', '')}`;
    const client = new pg.Client({ connectionString: this.url('postgres') });
    await client.connect();
    try {
      await client.query(`create database ${name}`);
    } finally {
      await client.end();
    }
    return this.url(name);
  }

  url(database: string): string {
    return `postgres://engine@${encodeURIComponent(this.folder)}/${database}`;
  }

  /** What `pg_dump` writes of a database. */
  dump(url: string): string {
    return this.execute('pg_dump', [url]);
  }

  /** A new database with what a dump holds; returns its URL. */
  async restore(dump: string): Promise<string> {
    const url = await this.database();
    this.execute('psql', ['--quiet', '--set', 'ON_ERROR_STOP=1', url], dump);
    return url;
  }

  /** Ends it at once, connections and all, and starts it again on the same data. */
  async restart(): Promise<void> {
    await this.end('SIGINT');
    await this.run();
  }

  /** `SIGINT` is PostgreSQL's fast shutdown. */
  async end(signal: NodeJS.Signals = 'SIGINT'): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }

  async run(): Promise<void> {
    const settings = ['-k', this.folder, '-c', 'listen_addresses=', '-N', '200'];
    if (!this.durable) settings.push('-F');
    const args = ['-D', join(this.folder, 'data'), ...settings];
    const child = spawn(join(postgresBin() ?? '', 'postgres'), args, {
      ...identity(),
      cwd: this.folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => {
        if (said.length < 10_000) said += chunk;
        if (/ready to accept connections/.test(said)) resolve();
      });
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`postgres ended:\n${said}`)));
    });
  }

  private execute(program: string, args: string[], input?: string): string {
    const path = join(postgresBin() ?? '', program);
    return execFileSync(path, args, { ...identity(), cwd: this.folder, input, encoding: 'utf8' });
  }

  async stop(): Promise<void> {
    await this.end('SIGQUIT');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function identity() {
  return isRoot() ? UNPRIVILEGED_USER : {};
}
