import { once } from 'node:events';
import { chmod, lstat, mkdir, rm } from 'node:fs/promises';
import { createServer, request, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { RotateOptions } from '../domain/rotation.js';
import type { Engine } from '../engine.js';
import { LaunchKeyEngineError } from '../errors.js';
import { CliFault } from './fault.js';

/** What can be asked of a running engine; the arguments are checked by the engine itself. */
const COMMANDS = {
  createApp: (engine: Engine, [options]: unknown[]) =>
    engine.createApp(options as Parameters<Engine['createApp']>[0]),
  apps: (engine: Engine) => engine.apps(),
  disableApp: (engine: Engine, [appKey]: unknown[]) => engine.disableApp(appKey as string),
  enableApp: (engine: Engine, [appKey]: unknown[]) => engine.enableApp(appKey as string),
  rotateApp: (engine: Engine, [appKey, options]: unknown[]) =>
    engine.rotateApp(appKey as string, options as RotateOptions),
  deleteApp: (engine: Engine, [appKey]: unknown[]) => engine.deleteApp(appKey as string),
  createUser: (engine: Engine, [name, options]: unknown[]) =>
    engine.createUser(name as string, options as { device?: boolean }),
  users: (engine: Engine) => engine.users(),
  deleteUser: (engine: Engine, [name]: unknown[]) => engine.deleteUser(name as string),
  deorbit: async (engine: Engine, [name, appKey]: unknown[]) =>
    (await engine.deorbit(name as string, appKey as string | undefined)).length,
  endPause: (engine: Engine, [name]: unknown[]) => engine.endPause(name as string),
  pairDevice: (engine: Engine, [name]: unknown[]) => engine.pairDevice(name as string),
  devices: (engine: Engine, [name]: unknown[]) => engine.devices(name as string),
  unpairDevice: (engine: Engine, [name, id]: unknown[]) =>
    engine.unpairDevice(name as string, id as string),
  audit: (engine: Engine, [filter]: unknown[]) =>
    engine.audit(filter as Parameters<Engine['audit']>[0]),
  rotatePingKey: (engine: Engine) => engine.rotatePingKey(),
};
type Name = keyof typeof COMMANDS;
type Result<N extends Name> = Awaited<ReturnType<(typeof COMMANDS)[N]>>;

const LARGEST = 65_536;
/** For how long `close` waits for commands, in milliseconds. */
const CLOSING = 5000;
/** For how long an engine that may be there can let itself be waited for, in milliseconds. */
const PROBE = 2000;

/** The commands that an engine takes. */
export interface Commands {
  /**
   * Takes no more of them, and lets those under way come to their end: the credentials that one makes
   * are shown in its answer and never again.
   */
  close(): Promise<void>;
}

/**
 * Listens for commands on a socket file that only its owner can open: whoever can is who started the
 * engine. Nothing of it can be reached over the network.
 */
export async function serveCommands(engine: Engine, path: string): Promise<Commands> {
  checkLength(path);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch(cannotListen(path));
  await checkOwner(dirname(path));
  await removeStale(path);
  const running = new Set<Promise<unknown>>();
  const server = createServer((incoming, response) => {
    let body = '';
    incoming.setEncoding('utf8');
    incoming.on('data', (chunk: string) => {
      body += chunk;
      if (body.length > LARGEST) incoming.destroy();
    });
    incoming.on('end', () => {
      const answered = answer(engine, body, response).finally(() => running.delete(answered));
      running.add(answered);
    });
  });
  // Made with no rights for others from the start; a moment is long enough to be misused.
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    }).catch(cannotListen(path));
  } finally {
    process.umask(before);
  }
  await chmod(path, 0o600);
  return {
    close: async () => {
      server.close();
      await Promise.race([Promise.all(running), delay(CLOSING, undefined, { ref: false })]);
      server.closeAllConnections();
    },
  };
}

/** Resolves when the answer is out, or nobody is there to read it. */
async function answer(engine: Engine, body: string, response: ServerResponse): Promise<void> {
  const result = await execute(engine, body).then(
    (result) => ({ result }),
    (error: Error) => ({ error: { message: error.message } }),
  );
  if (response.destroyed) return;
  const closed = once(response, 'close');
  response.setHeader('connection', 'close').end(JSON.stringify(result));
  await closed;
}

/** Sends one command to the engine that listens at `path`. */
export async function command<N extends Name>(
  path: string,
  name: N,
  ...args: unknown[]
): Promise<Result<N>> {
  checkLength(path);
  // Whoever else listens there could hand out credentials of their own making.
  await checkOwner(dirname(path));
  await checkOwner(path);
  const text = await send(path, JSON.stringify({ name, args })).catch((error) => {
    throw new CliFault(
      `There is no running engine at ${path} (${error.code ?? error.message}). Start one with "launchkey-engine start", or name its socket with --socket.`,
    );
  });
  const { result, error } = JSON.parse(text);
  if (error) throw new CliFault(error.message);
  return result;
}

async function execute(engine: Engine, body: string): Promise<unknown> {
  const { name, args } = JSON.parse(body) as { name: string; args: unknown[] };
  if (!Object.hasOwn(COMMANDS, name)) {
    throw new LaunchKeyEngineError('ENGINE_INVALID_OPTION', 'The engine has no such command.');
  }
  return await COMMANDS[name as Name](engine, args);
}

function send(path: string, body: string, signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: path, method: 'POST', agent: false, signal }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The system cuts a longer path off, and the socket is another one then. */
function checkLength(path: string): void {
  const most = process.platform === 'linux' ? 107 : 103;
  const length = Buffer.byteLength(path);
  if (length <= most) return;
  throw new CliFault(
    `The path of the socket has ${length} bytes, and can have ${most}: choose another --socket than ${path}.`,
  );
}

function cannotListen(path: string): (error: NodeJS.ErrnoException) => never {
  return ({ code }) => {
    throw new CliFault(`Cannot listen for commands at ${path}: ${code}. Choose another --socket.`);
  };
}

/**
 * Others could put a socket of theirs in the place of one that stands in a directory of theirs. What
 * does not exist belongs to nobody: opening it says so.
 */
async function checkOwner(path: string): Promise<void> {
  const uid = (await lstat(path).catch(() => undefined))?.uid;
  const self = process.getuid?.();
  if (self === undefined || uid === undefined || uid === self || uid === 0) return;
  throw new CliFault(`${path} belongs to somebody else: choose another --socket.`);
}

/** A socket file outlives an engine that was killed. One that still answers is left alone. */
async function removeStale(path: string): Promise<void> {
  const file = await lstat(path).catch(() => undefined);
  if (!file) return;
  if (!file.isSocket()) throw new CliFault(`${path} exists and is no socket: choose another.`);
  const alive = await send(path, '{}', AbortSignal.timeout(PROBE)).then(
    () => true,
    // One that takes the connection and does not answer is there, too.
    ({ code }) => code === 'ABORT_ERR',
  );
  if (alive) {
    throw new CliFault(
      `Another engine listens for commands at ${path}: stop it, or give this one another --socket.`,
    );
  }
  await rm(path);
}
