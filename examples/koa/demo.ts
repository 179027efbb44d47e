import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { startEngine } from 'launchkey-engine';
import { createApp } from './app.js';

// The whole of it in one process: an engine, a user on it, and the application. Neither keeps
// anything.
const port = Number(process.env.PORT ?? 3000);
const enginePort = Number(process.env.ENGINE_PORT ?? 3001);
const demoUser = 'alice';

// A developer who tries the demo logs in more than three times a minute.
const rateLimit = { windows: [{ requests: 20, seconds: 60 }] };
const engine = await startEngine({ port: enginePort, rateLimit }).catch(endWithMessage);
await engine.createUser(demoUser);
const { appKey, secretKey, privateKey } = await engine.createApp({
  name: 'Koa example',
  callbackUrl: `http://localhost:${port}/launchkey/callback`,
});
const authenticatorUrl = `${engine.url}/authenticator?user=${demoUser}`;
const app = createApp({
  sessionSecret: process.env.SESSION_SECRET ?? randomBytes(32).toString('base64url'),
  launchkey: { apiBaseUrl: `${engine.url}/v1`, appKey, secretKey, privateKey },
  authenticatorUrl,
});
const server = app.listen(port);
await once(server, 'listening').catch(endWithMessage);

console.log(`
  The application:    http://localhost:${(server.address() as AddressInfo).port}   (log in as: ${demoUser})
  The authenticator:  ${authenticatorUrl}   (${demoUser}'s phone)

  Open both side by side. Ctrl+C stops them.
`);

let stopping = false;

// Not once(): what runs this may pass on a Ctrl+C that came here already.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);

async function stop(): Promise<void> {
  if (stopping) return;
  stopping = true;
  server.close();
  server.closeAllConnections();
  await engine.close();
}

/** Ends a program that cannot start with the message alone: its user needs no stack. */
function endWithMessage(error: Error): never {
  console.error(`${error.message} PORT and ENGINE_PORT choose the ports.`);
  process.exit(1);
}
