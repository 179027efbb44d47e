import { pino } from 'pino';
import { type Engine, startEngine } from '../engine.js';
import { type EngineOptions, InvalidOption } from '../options.js';
import { type CreatedApp, credentialLines } from './apps.js';
import { serveCommands } from './control.js';
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
  const settings = await readSettings(flags, process.env);
  const engine = await launch(settings);
  // From here on, since whoever reads that the engine listens may tell it to end at once.
  const told = toldToStop();
  let commands: Awaited<ReturnType<typeof serveCommands>> | undefined;
  try {
    commands = await serveCommands(engine, socket);
    const apps = await createAll(engine, flags);
    const { url, authenticatorUrl } = engine;
    const started = { url, authenticatorUrl, socket, apps, users };
    print(json, started, startLines(engine, settings.options, users, apps));
    await told;
  } finally {
    commands?.close();
    commands?.closeAllConnections();
    await engine.close();
  }
}

async function launch({ options, place }: Settings): Promise<Engine> {
  const { logLevel: level = 'info', ...rest } = options;
  const logger = pino({ base: undefined, level }, pino.destination(2));
  try {
    return await startEngine({ port: 8080, ...rest, logger });
  } catch (error) {
    if (!(error instanceof InvalidOption)) throw error;
    throw new CliFault(`${place(error.option)} must be ${error.expected}.`, 2);
  }
}

/** Keeps listening: npx passes on a Ctrl+C that came here already, which must not cut the end short. */
function toldToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve());
  });
}

/** Makes what is missing, so that the same command starts the engine again on the same data. */
async function createAll(engine: Engine, { app, user }: StartFlags): Promise<CreatedApp[]> {
  const users = new Set((await engine.users()).map(({ username }) => username));
  for (const name of user) if (!users.has(name)) await engine.createUser(name);
  const apps = new Set((await engine.apps()).map(({ name }) => name));
  const wanted = app.map(readApp).filter(({ name }) => !apps.has(name));
  return await Promise.all(
    wanted.map(async (one) => ({ ...one, ...(await engine.createApp(one)) })),
  );
}

function readApp(text: string) {
  const [name = '', ...url] = text.split('=');
  return { name, callbackUrl: url.length > 0 ? url.join('=') : undefined };
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
