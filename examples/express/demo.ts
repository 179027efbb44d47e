import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { startEngine } from 'launchkey-engine';
import { Accounts } from './accounts.js';
import { createApp } from './app.js';

// The whole of it in one process: an engine, two users on it, and the application. The engine
// keeps nothing, so its users are new ones, with new user hashes, after each start.
const port = Number(process.env.PORT ?? 3000);
const enginePort = Number(process.env.ENGINE_PORT ?? 3001);
const dataFile =
  process.env.DATA_FILE ?? fileURLToPath(new URL('data/users.sqlite', import.meta.url));
const [demoUser, otherUser] = ['alice', 'bob'];

const server = createServer();
await new Promise<void>((resolve, reject) => {
  server.once('error', (error: NodeJS.ErrnoException) => {
    reject(
      error.code === 'EADDRINUSE'
        ? new Error(`Port ${port} is taken. Choose another: PORT=3100 npm run demo`)
        : error,
    );
  });
  server.listen(port, '127.0.0.1', resolve);
});
const appUrl = `http://localhost:${(server.address() as AddressInfo).port}`;

// Somebody who tries things out logs in more often than the usual three times a minute.
const rateLimit = { windows: [{ requests: 20, seconds: 60 }] };
const engine = await startEngine({ port: enginePort, rateLimit });
await engine.createUser(demoUser);
await engine.createUser(otherUser);
const { appKey, secretKey, privateKey } = await engine.createApp({
  name: 'Express example',
  callbackUrl: `${appUrl}/launchkey/callback`,
});

const authenticatorUrl = `${engine.url}/authenticator?user=${demoUser}`;
const accounts = new Accounts(dataFile);
server.on(
  'request',
  createApp({
    accounts,
    sessionSecret: process.env.SESSION_SECRET ?? randomBytes(32).toString('base64url'),
    launchkey: { apiBaseUrl: `${engine.url}/v1`, appKey, secretKey, privateKey },
    authenticatorUrl,
  }),
);

console.log(`
  The application:    ${appUrl}   (log in as: ${demoUser})
  The authenticator:  ${authenticatorUrl}   (${demoUser}'s phone)

  Open both side by side. For another phone to link to an account, there is ${otherUser}. Ctrl+C stops them.
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
  accounts.close();
}
