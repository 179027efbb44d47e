import { once } from 'node:events';
import { chmod, lstat, mkdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Engine } from '../engine.js';
import { LaunchKeyEngineError } from '../errors.js';
import { CliError } from './cli-error.js';
import { COMMANDS, isCommand } from './commands.js';
import { checkLength, checkOwner, send } from './control-socket.js';

/** Longest command, in characters. */
const MAX_COMMAND_LENGTH = 65_536;
/** How long `close` waits for running commands, in ms. */
const CLOSE_TIMEOUT_MS = 5000;
/** How long another engine may take to answer before it counts as running, in ms. */
const PROBE_TIMEOUT_MS = 2000;

/** The server that takes commands. */
export interface CommandServer {
  /**
   * Takes no more commands and waits for those that run: the credentials that a command makes are in
   * its response only.
   */
  close(): Promise<void>;
}

/**
 * Listens for commands on a socket file that only its owner can open, so it takes commands of the user
 * who started the engine. The network cannot reach it.
 */
export async function serveCommands(engine: Engine, path: string): Promise<CommandServer> {
  checkLength(path);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 }).catch(cannotListen(path));
  await checkOwner(dirname(path));
  await removeStale(path);
  const running = new Set<Promise<unknown>>();
  const server = createServer(async (incoming, response) => {
    const body = await readBody(incoming);
    if (body === undefined) {
      incoming.destroy();
      return;
    }
    const answered = answer(engine, body, response).finally(() => running.delete(answered));
    running.add(answered);
  });
  await listen(server, path);
  return {
    close: async () => {
      server.close();
      await Promise.race([
        Promise.all(running),
        delay(CLOSE_TIMEOUT_MS, undefined, { ref: false }),
      ]);
      server.closeAllConnections();
    },
  };
}

/** Returns `undefined` for a command that is too long or was cut off. */
async function readBody(incoming: IncomingMessage): Promise<string | undefined> {
  let body = '';
  incoming.setEncoding('utf8');
  try {
    for await (const chunk of incoming) {
      body += chunk;
      if (body.length > MAX_COMMAND_LENGTH) return undefined;
    }
  } catch {
    return undefined;
  }
  return body;
}

/** Resolves when the response was sent or the client has disconnected. */
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

async function execute(engine: Engine, body: string): Promise<unknown> {
  const { name, args } = JSON.parse(body) as { name: unknown; args: unknown[] };
  if (isCommand(name)) return await COMMANDS[name](engine, args);
  throw new LaunchKeyEngineError(
    'ENGINE_INVALID_OPTION',
    'The running engine does not know this command. Update it, or use the command line of its version.',
  );
}

async function listen(server: Server, path: string): Promise<void> {
  // The file is created without rights for others: changing them afterwards would leave a gap.
  const umask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    }).catch(cannotListen(path));
  } finally {
    process.umask(umask);
  }
  await chmod(path, 0o600);
}

function cannotListen(path: string): (error: NodeJS.ErrnoException) => never {
  return ({ code }) => {
    throw new CliError(`Cannot listen for commands at ${path}: ${code}. Choose another --socket.`);
  };
}

/** Removes the socket file of an engine that was killed. */
async function removeStale(path: string): Promise<void> {
  const file = await lstat(path).catch(() => undefined);
  if (!file) return;
  if (!file.isSocket()) {
    throw new CliError(`${path} exists and is not a socket. Choose another --socket.`);
  }
  const isAlive = await send(path, '{}', AbortSignal.timeout(PROBE_TIMEOUT_MS)).then(
    () => true,
    // A server that accepts the connection and does not answer in time is running, too.
    ({ code }) => code === 'ABORT_ERR',
  );
  if (isAlive) {
    throw new CliError(
      `Another engine listens for commands at ${path}. Stop it, or choose another --socket.`,
    );
  }
  await rm(path);
}
