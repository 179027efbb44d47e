import { writeSync } from 'node:fs';
import { pino } from 'pino';
import { type AppOptions, readAppOptions } from '../domain/apps.js';
import { isRefused } from '../domain/refusals.js';
import { NAME_RULE, refuseName } from '../domain/users.js';
import type { Engine } from '../engine.js';
import type { EngineOptions } from '../options.js';
import { InvalidOption } from '../resolve-options.js';
import { startEngine } from '../start-engine.js';
import { type CreatedApp, credentialLines } from './apps.js';
import { CliError } from './cli-error.js';
import { type CommandServer, serveCommands } from './control-server.js';
import { print } from './output.js';
import { readSettings, type Settings } from './read-settings.js';

/** How long an engine that is stopped waits for proxies, in ms. Container engines kill it after 10 s. */
const DRAIN_MS = 7000;

/** The flags of `start`. Those of the settings are read by `readSettings`. */
interface StartFlags extends Readonly<Record<string, unknown>> {
  app: string[];
  user: string[];
  socket: string;
  json?: boolean;
}

/** Serves until SIGINT or SIGTERM, then closes the engine. */
export async function start(flags: StartFlags): Promise<void> {
  const { socket, json, user: users } = flags;
  const wanted = readWanted(flags);
  const settings = await readSettings(flags, process.env);
  const engine = await launch(settings);
  // Before the first line is printed: a program that reads it may send the signal at once.
  const stopped = stopSignal();
  let commands: CommandServer | undefined;
  try {
    commands = await serveCommands(engine, socket);
    const apps = await createAll(engine, users, wanted);
    const { url, authenticatorUrl } = engine;
    const started = { url, authenticatorUrl, socket, apps, users };
    print(json, started, startLines(engine, settings.options, users, apps));
    // A process manager sends SIGTERM; SIGINT is Ctrl+C.
    if ((await stopped) === 'SIGTERM') await drain(engine);
  } finally {
    await commands?.close();
    await engine.close();
  }
}

/** Proxies notice that the engine is not ready, and send their requests elsewhere. */
async function drain(engine: Engine): Promise<void> {
  // Not for a second SIGTERM, which npm sends together with the first.
  const impatient = new Promise((resolve) => process.once('SIGINT', resolve));
  await Promise.race([engine.close({ drainMs: DRAIN_MS }), impatient]);
}

async function launch({ options, nameOf }: Settings): Promise<Engine> {
  const { logLevel: level = 'info', ...rest } = options;
  const logger = pino({ level }, standardError);
  try {
    return await startEngine({ port: 8080, ...rest, logger });
  } catch (error) {
    if (!(error instanceof InvalidOption)) throw error;
    throw new CliError(`${nameOf(error.option)} must be ${error.expected}.`, 2);
  }
}

/**
 * Replaces pino's own destination, which keeps lines that cannot be written and retries them when the
 * process ends: with a log on a full disk the engine would never end.
 */
const standardError = {
  write(line: string): void {
    try {
      writeSync(2, line);
    } catch {
      // The log itself cannot be written, so the error cannot be reported.
    }
  },
};

/** Stays subscribed: npx sends Ctrl+C a second time, which must not end the process before it has closed. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(signal));
  });
}

/** Checks all flags before anything is created: credentials that are not printed would be lost. */
function readWanted({ app, user }: StartFlags): AppOptions[] {
  const apps = app.map(readApp);
  refuseTwice('--user', user);
  refuseTwice(
    '--app',
    apps.map(({ name }) => name),
  );
  for (const name of user) {
    if (!refuseName(name)) continue;
    throw new CliError(`--user ${JSON.stringify(name)} must have ${NAME_RULE}.`, 2);
  }
  return apps;
}

function readApp(text: string): AppOptions {
  const [name = '', ...url] = text.split('=');
  const read = readAppOptions({ name, callbackUrl: url.length > 0 ? url.join('=') : undefined });
  if (!isRefused(read)) return read;
  throw new CliError(`--app ${JSON.stringify(name)}: ${read.member} must be ${read.expected}.`, 2);
}

function refuseTwice(flag: string, names: string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice === undefined) return;
  throw new CliError(`${flag} names ${JSON.stringify(twice)} twice. Remove one of them.`, 2);
}

/** Creates what does not exist, so the same command can start the engine again on the same data. */
async function createAll(
  engine: Engine,
  names: string[],
  wanted: AppOptions[],
): Promise<CreatedApp[]> {
  const users = new Set((await engine.users()).map(({ username }) => username));
  for (const name of names) if (!users.has(name)) await engine.createUser(name);
  const apps = new Set((await engine.apps()).map(({ name }) => name));
  return await Promise.all(
    wanted
      .filter(({ name }) => !apps.has(name))
      .map(async (one) => ({ ...one, ...(await engine.createApp(one)) })),
  );
}

function startLines(
  engine: Engine,
  options: EngineOptions,
  users: string[],
  apps: CreatedApp[],
): string[] {
  return [
    `The engine listens on ${engine.url}. The API is at ${engine.url}/v1.`,
    `The authenticator is at ${engine.authenticatorUrl}.`,
    dataLine(options),
    ...users.map((name) => `user ${name}`),
    ...apps.flatMap((app) => ['', ...credentialLines(app)]),
  ];
}

function dataLine({ data, databaseUrl, key, keyFile }: EngineOptions): string {
  // The URL is not printed, because it can hold a password.
  if (databaseUrl !== undefined) return 'The data is in PostgreSQL.';
  if (data === undefined) return 'The data is in memory and is lost when the engine stops.';
  if (key !== undefined) return `The data is in ${data}.`;
  return `The data is in ${data}. It opens only with its key file, ${keyFile ?? `${data}.key`}.`;
}
