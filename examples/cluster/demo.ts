import cluster, { type Worker } from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startEngine } from 'launchkey-engine';
import { freePort, startRedis } from './redis-server.js';

// Everything that the application needs, and its processes: the primary gives each connection to the
// next of them, so that one page may come from one process and the next from another.
const port = Number(process.env.PORT ?? 3000) || (await freePort());
const workers = Number(process.env.WORKERS ?? 3);
const demoUser = 'alice';

const ownRedis = process.env.REDIS_URL ? undefined : await startRedis();
// Somebody who tries things out logs in more often than the usual three times a minute.
const rateLimit = { windows: [{ requests: 20, seconds: 60 }] };
const engine = await startEngine({ port: Number(process.env.ENGINE_PORT ?? 3001), rateLimit });
await engine.createUser(demoUser);
const appUrl = `http://localhost:${port}`;
const { appKey, secretKey, privateKey } = await engine.createApp({
  name: 'Cluster example',
  callbackUrl: `http://127.0.0.1:${port}/launchkey/callback`,
});
const authenticatorUrl = `${engine.url}/authenticator?user=${demoUser}`;

cluster.setupPrimary({ exec: fileURLToPath(new URL('worker.ts', import.meta.url)) });
const environment = {
  PORT: String(port),
  REDIS_URL: ownRedis?.url ?? process.env.REDIS_URL,
  SESSION_SECRET: process.env.SESSION_SECRET ?? randomBytes(32).toString('base64url'),
  LAUNCHKEY_API_URL: `${engine.url}/v1`,
  LAUNCHKEY_APP_KEY: appKey,
  LAUNCHKEY_SECRET_KEY: secretKey,
  LAUNCHKEY_PRIVATE_KEY: privateKey,
  AUTHENTICATOR_URL: authenticatorUrl,
};
let stopping = false;

// Not once(): what runs this may pass on a Ctrl+C that came here already.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
try {
  await Promise.all(Array.from({ length: workers }, startWorker));
  console.log(`
  The application:    ${appUrl}   (log in as: ${demoUser})
  The authenticator:  ${authenticatorUrl}   (${demoUser}'s phone)

  Open both side by side. ${workers} processes serve the application. Ctrl+C stops them.
`);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
  await stop();
}

/** Resolves when it serves. One that served and dies is replaced; one that cannot start is not. */
async function startWorker(): Promise<void> {
  const worker = cluster.fork(environment);
  await new Promise<void>((resolve, reject) => {
    worker.once('listening', () => resolve());
    worker.once('exit', () => reject(new Error(`A process could not start on port ${port}.`)));
  });
  worker.once('exit', () => {
    if (stopping) return;
    console.log(`Process ${worker.process.pid} died; another takes its place.`);
    startWorker().catch((error) => console.error(error.message));
  });
}

async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  const living = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  await Promise.all(living.map(stopWorker));
  await engine.close();
  await ownRedis?.stop();
}

async function stopWorker(worker: Worker): Promise<void> {
  if (worker.isDead()) return;
  const gone = once(worker, 'exit');
  worker.process.kill('SIGTERM');
  await gone;
}
