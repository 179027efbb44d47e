import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createClient } from 'redis';
import { onTestFinished } from 'vitest';
import { isExecutable } from './executable.js';
import { describeWith } from './programs.js';

const MISSING = 'redis-server is not installed: put it on the PATH or name it in REDIS_SERVER_PATH';

let found: string | null | undefined;

/** The redis-server of this machine, or `null`. `REDIS_SERVER_PATH` comes before any other. */
export function redisServerPath(): string | null {
  if (found === undefined) {
    const named = process.env.REDIS_SERVER_PATH;
    if (named && !isExecutable(named)) {
      throw new Error(`REDIS_SERVER_PATH names no executable file: ${named}`);
    }
    const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
    found = named || folders.map((folder) => join(folder, 'redis-server')).find(isExecutable);
    found ??= null;
  }
  return found;
}

/** `describe` for tests that need redis-server; see {@link describeWith}. */
export function describeWithRedis(name: string, tests: () => void): void {
  const found = redisServerPath() !== null;
  describeWith({ name: 'redis-server', found, missing: MISSING }, name, tests);
}

/** Settings of redis.conf. */
type Settings = Record<string, string | number>;

/** Redis writes down each step before it answers, so that not even SIGKILL makes it forget. */
export const DURABLE: Settings = { appendonly: 'yes', appendfsync: 'always' };

/** A Redis on a port of its own on loopback, which writes nothing down unless it is told to. */
export class RedisServer {
  readonly port: number;
  private readonly folder: string;
  private readonly settings: Settings;
  private child: ChildProcess | undefined;

  private constructor(port: number, folder: string, settings: Settings) {
    this.port = port;
    this.folder = folder;
    this.settings = settings;
  }

  /** Resolves when it accepts connections. The caller stops it. */
  static async start(settings: Settings = {}): Promise<RedisServer> {
    const folder = mkdtempSync(join(tmpdir(), 'passport-launchkey-redis-'));
    for (let attempt = 1; ; attempt++) {
      const server = new RedisServer(await freePort(), folder, settings);
      try {
        await server.run();
        return server;
      } catch (error) {
        // Another process may have taken the port meanwhile.
        if (attempt < 5) continue;
        rmSync(folder, { recursive: true, force: true });
        throw error;
      }
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Ends it as a power cut does. Resolves when it is gone. */
  async kill(): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** Makes it deaf, or lets it go on: connections stay, and nothing is answered. */
  freeze(frozen: boolean): void {
    this.child?.kill(frozen ? 'SIGSTOP' : 'SIGCONT');
  }

  /** Starts it again on the same port, with what it wrote down. Resolves when that is loaded. */
  async restart(settings: Settings = {}): Promise<void> {
    await this.kill();
    await this.run(settings);
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private run(more: Settings = {}): Promise<void> {
    const path = redisServerPath();
    if (!path) throw new Error(MISSING);
    const settings = {
      port: this.port,
      bind: '127.0.0.1',
      save: '',
      appendonly: 'no',
      ...this.settings,
      ...more,
    };
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const child = spawn(path, [...args, '--dir', this.folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    return new Promise((resolve, reject) => {
      let said = '';
      const hear = (chunk: Buffer) => {
        said += chunk;
        if (/Ready to accept connections/.test(said)) resolve();
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`redis-server ended:\n${said}`)));
    });
  }
}

/** A connected client as an application has it; it is closed when the test is finished. */
export async function connectRedis(url: string): Promise<Client> {
  const client = makeClient(url);
  onTestFinished(() => client.destroy());
  await client.connect();
  return client;
}

export type Client = ReturnType<typeof makeClient>;

/** Not connected yet. */
export function makeClient(url: string) {
  const client = createClient({ url });
  client.on('error', () => {});
  return client;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
