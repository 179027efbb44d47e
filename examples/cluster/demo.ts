import cluster, { type Worker } from 'node:cluster';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startEngine } from 'launchkey-engine';
import { freePort, startRedis } from './redis-server.js';

// Everything that the application needs, and its processes: the primary gives each connection to the
// next of them, so that one page may come from one process and the next from another.
const demoUser = 'alice';
/** What ends that which was started, in the order in which it was. */
const ends: (() => Promise<void>)[] = [];
let stopping = false;

const started = start();
// While it starts, too: Redis and the processes would stay behind. Not once(): what runs this may pass
// on a Ctrl+C that came here already.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
try {
  await started;
} catch (error) {
  // Ctrl+C reaches a process that has only begun as well.
  if (!stopping) {
    console.error((error as Error).message);
    process.exitCode = 1;
    await stop();
  }
}

async function start(): Promise<void> {
  const port = Number(process.env.PORT ?? 3000) || (await freePort());
  const redisUrl = process.env.REDIS_URL || (await startOwnRedis());
  // A developer who tries the demo logs in more than three times a minute.
  const rateLimit = { windows: [{ requests: 20, seconds: 60 }] };
  const engine = await startEngine({ port: Number(process.env.ENGINE_PORT ?? 3001), rateLimit });
  ends.push(() => engine.close());
  await engine.createUser(demoUser);
  const { appKey, secretKey, privateKey } = await engine.createApp({
    name: 'Cluster example',
    callbackUrl: `http://127.0.0.1:${port}/launchkey/callback`,
  });
  const authenticatorUrl = `${engine.url}/authenticator?user=${demoUser}`;
  if (stopping) return;

  const count = Number(process.env.WORKERS ?? 3);
  ends.push(stopWorkers);
  await startWorkers(count, {
    PORT: String(port),
    REDIS_URL: redisUrl,
    SESSION_SECRET: process.env.SESSION_SECRET ?? randomBytes(32).toString('base64url'),
    LAUNCHKEY_API_URL: `${engine.url}/v1`,
    LAUNCHKEY_APP_KEY: appKey,
    LAUNCHKEY_SECRET_KEY: secretKey,
    LAUNCHKEY_PRIVATE_KEY: privateKey,
    AUTHENTICATOR_URL: authenticatorUrl,
  });
  console.log(`
  The application:    http://localhost:${port}   (log in as: ${demoUser})
  The authenticator:  ${authenticatorUrl}   (${demoUser}'s phone)

  Open both side by side. ${count} processes serve the application. Ctrl+C stops them.
`);
}

async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  await Promise.allSettled([started]);
  for (const end of ends.toReversed()) await end();
}

async function startOwnRedis(): Promise<string> {
  const redis = await startRedis();
  ends.push(() => redis.stop());
  return redis.url;
}

async function startWorkers(count: number, environment: Record<string, string>): Promise<void> {
  cluster.setupPrimary({ exec: fileURLToPath(new URL('worker.ts', import.meta.url)) });
  await Promise.all(Array.from({ length: count }, () => startWorker(environment)));
}

/** Resolves when it serves. One that served and dies is replaced; one that cannot start is not. */
async function startWorker(environment: Record<string, string>): Promise<void> {
  const worker = cluster.fork(environment);
  await new Promise<void>((resolve, reject) => {
    worker.once('listening', () => resolve());
    worker.once('exit', () =>
      reject(new Error(`A process could not start on port ${environment.PORT}.`)),
    );
  });
  worker.once('exit', () => {
    if (stopping) return;
    console.log(`Process ${worker.process.pid} died; another takes its place.`);
    startWorker(environment).catch((error) => {
      if (!stopping) console.error(error.message);
    });
  });
}

async function stopWorkers(): Promise<void> {
  const living = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
  await Promise.all(living.map(stopWorker));
}

async function stopWorker(worker: Worker): Promise<void> {
  if (worker.isDead()) return;
  const gone = once(worker, 'exit');
  worker.process.kill('SIGTERM');
  await gone;
}
