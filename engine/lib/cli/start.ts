import { pino } from 'pino';
import { type Engine, startEngine } from '../engine.js';
import type { TlsOptions } from '../http/tls.js';
import { type CreatedApp, credentialLines } from './apps.js';
import { serveCommands } from './control.js';
import { CliFault } from './fault.js';
import { print } from './output.js';

interface StartOptions {
  port: string;
  host: string;
  tlsCert?: string;
  tlsKey?: string;
  publicUrl?: string;
  callbackNetwork?: string[];
  data?: string;
  databaseUrl?: string;
  keyFile?: string;
  app: string[];
  user: string[];
  socket: string;
  json?: boolean;
}

/** Serves until SIGINT or SIGTERM, then answers what is held and ends. */
export async function start(options: StartOptions): Promise<void> {
  const { host, publicUrl, data, databaseUrl, keyFile, socket, json, user: users } = options;
  const engine = await startEngine({
    port: readPort(options.port),
    host,
    tls: readTls(options),
    publicUrl,
    callbackNetworks: options.callbackNetwork,
    data,
    databaseUrl,
    // From the environment alone: a command line can be read by everybody on the machine.
    key: process.env.LAUNCHKEY_ENGINE_KEY || undefined,
    keyFile,
    logger: pino({ base: undefined }, pino.destination(2)),
  });
  let commands: Awaited<ReturnType<typeof serveCommands>> | undefined;
  try {
    commands = await serveCommands(engine, socket);
    const apps = await createAll(engine, options);
    const { url, authenticatorUrl } = engine;
    const started = { url, authenticatorUrl, socket, apps, users };
    print(json, started, startLines(engine, options, apps));
    await toldToStop();
  } finally {
    commands?.close();
    commands?.closeAllConnections();
    await engine.close();
  }
}

/** Keeps listening: npx passes on a Ctrl+C that came here already, which must not cut the end short. */
function toldToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve());
  });
}

/** Makes what is missing, so that the same command starts the engine again on the same data. */
async function createAll(engine: Engine, { app, user }: StartOptions): Promise<CreatedApp[]> {
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

function startLines(engine: Engine, options: StartOptions, apps: CreatedApp[]): string[] {
  return [
    `The engine listens on ${engine.url}; its API is at ${engine.url}/v1.`,
    `The authenticator is at ${engine.authenticatorUrl}.`,
    dataLine(options),
    ...options.user.map((name) => `user ${name}`),
    ...apps.flatMap((app) => ['', ...credentialLines(app)]),
  ];
}

function dataLine({ data, databaseUrl, keyFile }: StartOptions): string {
  // Not the URL, which may hold a password.
  if (databaseUrl !== undefined) return 'The data is kept in PostgreSQL.';
  if (data === undefined) return 'Everything is kept in memory: when the engine stops, it is gone.';
  if (process.env.LAUNCHKEY_ENGINE_KEY) return `The data is kept in ${data}.`;
  return `The data is kept in ${data}, and opens only with its key, ${keyFile ?? `${data}.key`}.`;
}

function readTls({ tlsCert, tlsKey }: StartOptions): TlsOptions | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new CliFault('--tls-cert and --tls-key go together: give both, or none.', 2);
  }
  return { certFile: tlsCert, keyFile: tlsKey };
}

function readPort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new CliFault(`--port must be a number from 0 to 65535, not ${JSON.stringify(text)}.`, 2);
}
