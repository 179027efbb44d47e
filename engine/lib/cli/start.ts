import { pino } from 'pino';
import { type Engine, startEngine } from '../engine.js';
import { type CreatedApp, credentialLines } from './apps.js';
import { serveCommands } from './control.js';
import { CliFault } from './fault.js';
import { print } from './output.js';

interface StartOptions {
  port: string;
  host: string;
  publicUrl?: string;
  callbackNetwork?: string[];
  app: string[];
  user: string[];
  socket: string;
  json?: boolean;
}

/** Serves until SIGINT or SIGTERM, then answers what is held and ends. */
export async function start(options: StartOptions): Promise<void> {
  const { host, publicUrl, socket, json, user: users } = options;
  const engine = await startEngine({
    port: readPort(options.port),
    host,
    publicUrl,
    callbackNetworks: options.callbackNetwork,
    logger: pino({ base: undefined }, pino.destination(2)),
  });
  let commands: Awaited<ReturnType<typeof serveCommands>> | undefined;
  try {
    commands = await serveCommands(engine, socket);
    const apps = await createAll(engine, options);
    const { url, authenticatorUrl } = engine;
    const started = { url, authenticatorUrl, socket, apps, users };
    print(json, started, startLines(engine, apps, users));
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

async function createAll(engine: Engine, { app, user }: StartOptions): Promise<CreatedApp[]> {
  for (const name of user) await engine.createUser(name);
  return await Promise.all(
    app.map(async (text) => {
      const [name = '', ...url] = text.split('=');
      const wanted = { name, callbackUrl: url.length > 0 ? url.join('=') : undefined };
      return { ...wanted, ...(await engine.createApp(wanted)) };
    }),
  );
}

function startLines(engine: Engine, apps: CreatedApp[], users: string[]): string[] {
  return [
    `The engine listens on ${engine.url}; its API is at ${engine.url}/v1.`,
    `The authenticator is at ${engine.authenticatorUrl}.`,
    'Everything is kept in memory: when the engine stops, it is gone.',
    ...users.map((name) => `user ${name}`),
    ...apps.flatMap((app) => ['', ...credentialLines(app)]),
  ];
}

function readPort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new CliFault(`--port must be a number from 0 to 65535, not ${JSON.stringify(text)}.`, 2);
}
