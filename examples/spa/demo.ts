import { randomBytes } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startEngine } from 'launchkey-engine';
import { createApp } from './app.js';

// The whole of it in one process: an engine, a user on it, and the application. Neither keeps
// anything.
const port = Number(process.env.PORT ?? 3000);
const enginePort = Number(process.env.ENGINE_PORT ?? 3001);
const demoUser = 'alice';

// Listening comes first, since the application has to know its address; who comes before it waits.
let serve: (app: RequestListener) => void = () => {};
const application = new Promise<RequestListener>((resolve) => {
  serve = resolve;
});
const server = createServer(async (req, res) => (await application)(req, res));
await new Promise<void>((resolve, reject) => {
  server.once('error', reject);
  server.listen(port, '127.0.0.1', resolve);
}).catch(endWithMessage);
const appUrl = `http://localhost:${(server.address() as AddressInfo).port}`;

// A developer who tries the demo logs in more than three times a minute.
const rateLimit = { windows: [{ requests: 20, seconds: 60 }] };
const engine = await startEngine({ port: enginePort, rateLimit }).catch(endWithMessage);
await engine.createUser(demoUser);
const { appKey, secretKey, privateKey } = await engine.createApp({
  name: 'Single-page example',
  callbackUrl: `${appUrl}/launchkey/callback`,
});
serve(
  createApp({
    sessionSecret: process.env.SESSION_SECRET ?? randomBytes(32).toString('base64url'),
    launchkey: { apiBaseUrl: `${engine.url}/v1`, appKey, secretKey, privateKey },
  }),
);

console.log(`
  The application:    ${appUrl}   (log in as: ${demoUser})
  The authenticator:  ${engine.url}/authenticator?user=${demoUser}   (${demoUser}'s phone)

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
