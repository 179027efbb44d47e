import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openRelay } from './example.js';
import { programPath } from './shared.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** An engine with a data file and the Express example, each started as its README says. */
export interface RealRun {
  app: string;
  engine: string;
  /** A command to the running engine; resolves to what it prints as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the command under test prints.
  command(...words: string[]): Promise<any>;
  close(): Promise<void>;
}

/** For the user `alice`. The caller closes it. */
export async function startRealRun(): Promise<RealRun> {
  const folder = mkdtempSync(join(tmpdir(), 'launchkey-run-'));
  const socket = join(folder, 'engine.sock');
  const relay = await openRelay();
  const cli = await programPath('cli');
  const running: ChildProcess[] = [];
  const close = async () => {
    for (const child of running.reverse()) await stop(child);
    relay.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const data = ['--data', join(folder, 'engine.db'), '--user', 'alice'];
    const app = ['--app', `Express example=${relay.callbackUrl}`];
    const words = ['start', '--port', '0', '--socket', socket, '--json', ...data, ...app];
    const engine = launch(process.execPath, [cli, ...words]);
    running.push(engine);
    const started = JSON.parse(await said(engine, /\n\}\n$/));
    const [credentials] = started.apps;
    const keyFile = join(folder, 'private.key');
    writeFileSync(keyFile, credentials.privateKey, { mode: 0o600 });
    const example = launch('npm', ['run', 'serve', '--workspace', 'examples/express'], {
      PORT: '0',
      DATA_FILE: join(folder, 'users.sqlite'),
      LAUNCHKEY_API: `${started.url}/v1`,
      LAUNCHKEY_APP_KEY: credentials.appKey,
      LAUNCHKEY_SECRET_KEY: credentials.secretKey,
      LAUNCHKEY_PRIVATE_KEY_FILE: keyFile,
    });
    running.push(example);
    const url = /http:\/\/\S+/.exec(await said(example, /application: http\S+ .*\n/))?.[0] ?? '';
    relay.direct(url);
    return {
      app: url,
      engine: started.url,
      command: async (...given) => {
        const all = [cli, ...given, '--socket', socket, '--json'];
        const { stdout } = await promisify(execFile)(process.execPath, all);
        return JSON.parse(stdout);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** In a process group of its own, since npm starts others. */
function launch(program: string, words: string[], environment: NodeJS.ProcessEnv = {}) {
  return spawn(program, words, {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
}

/** What a program prints until it has printed this. */
function said({ stdout, ...child }: ChildProcess, until: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    stdout?.on('data', (chunk) => {
      text += chunk;
      if (until.test(text)) resolve(text);
    });
    stdout?.once('end', () => reject(new Error(`${child.spawnargs.join(' ')} ended: ${text}`)));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  process.kill(-child.pid, 'SIGINT');
  await ended;
}
