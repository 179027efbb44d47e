import { writeSync } from 'node:fs';
import { pino } from 'pino';
import { type AppOptions, readAppOptions } from '../domain/apps.js';
import { nameFault } from '../domain/users.js';
import type { Engine } from '../engine.js';
import type { EngineOptions } from '../options.js';
import { InvalidOption } from '../resolve-options.js';
import { startEngine } from '../start-engine.js';
import { type CreatedApp, credentialLines } from './apps.js';
import { type Commands, serveCommands } from './control.js';
import { CliFault } from './fault.js';
import { print } from './output.js';
import { readSettings, type Settings } from './settings.js';

/** The flags that are no settings, beside those that are. */
interface StartFlags extends Readonly<Record<string, unknown>> {
  app: string[];
  user: string[];
  socket: string;
  json?: boolean;
}

/** Serves until SIGINT or SIGTERM, then answers what is held and ends. */
export async function start(flags: StartFlags): Promise<void> {
  const { socket, json, user: users } = flags;
  const wanted = readWanted(flags);
  const settings = await readSettings(flags, process.env);
  const engine = await launch(settings);
  // From here on, since whoever reads that the engine listens may tell it to end at once.
  const told = toldToStop();
  let commands: Commands | undefined;
  try {
    commands = await serveCommands(engine, socket);
    const apps = await createAll(engine, users, wanted);
    const { url, authenticatorUrl } = engine;
    const started = { url, authenticatorUrl, socket, apps, users };
    print(json, started, startLines(engine, settings.options, users, apps));
    await told;
  } finally {
    await commands?.close();
    await engine.close();
  }
}

async function launch({ options, place }: Settings): Promise<Engine> {
  const { logLevel: level = 'info', ...rest } = options;
  const logger = pino({ base: undefined, level }, standardError);
  try {
    return await startEngine({ port: 8080, ...rest, logger });
  } catch (error) {
    if (!(error instanceof InvalidOption)) throw error;
    throw new CliFault(`${place(error.option)} must be ${error.expected}.`, 2);
  }
}

/**
 * Not pino's own destination, which keeps what cannot be written and tries it again and again when the
 * process is to end: a log on a disk that is full would hold the engine up for good.
 */
const standardError = {
  write(line: string): void {
    try {
      writeSync(2, line);
    } catch {
      // There is nobody left to tell.
    }
  },
};

/** Keeps listening: npx passes on a Ctrl+C that came here already, which must not cut the end short. */
function toldToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve());
  });
}

/** Refuses what is wrong before anything is made: credentials that were not printed would be lost. */
function readWanted({ app, user }: StartFlags): AppOptions[] {
  const apps = app.map(readApp);
  refuseTwice('--user', user);
  refuseTwice(
    '--app',
    apps.map(({ name }) => name),
  );
  for (const name of user) {
    const fault = nameFault(name);
    if (fault) throw new CliFault(`--user ${JSON.stringify(name)}: ${fault}`, 2);
  }
  return apps;
}

function readApp(text: string): AppOptions {
  const [name = '', ...url] = text.split('=');
  try {
    return readAppOptions({ name, callbackUrl: url.length > 0 ? url.join('=') : undefined });
  } catch (error) {
    throw new CliFault(`--app ${JSON.stringify(name)}: ${(error as Error).message}`, 2);
  }
}

function refuseTwice(flag: string, names: string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice === undefined) return;
  throw new CliFault(`${flag} names ${JSON.stringify(twice)} twice: leave one of them out.`, 2);
}

/** Makes what is missing, so that the same command starts the engine again on the same data. */
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
    `The engine listens on ${engine.url}; its API is at ${engine.url}/v1.`,
    `The authenticator is at ${engine.authenticatorUrl}.`,
    dataLine(options),
    ...users.map((name) => `user ${name}`),
    ...apps.flatMap((app) => ['', ...credentialLines(app)]),
  ];
}

function dataLine({ data, databaseUrl, key, keyFile }: EngineOptions): string {
  // Not the URL, which may hold a password.
  if (databaseUrl !== undefined) return 'The data is kept in PostgreSQL.';
  if (data === undefined) return 'Everything is kept in memory: when the engine stops, it is gone.';
  if (key !== undefined) return `The data is kept in ${data}.`;
  return `The data is kept in ${data}, and opens only with its key, ${keyFile ?? `${data}.key`}.`;
}
