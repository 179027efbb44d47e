import { randomBytes } from 'node:crypto';
import { startEngine } from 'launchkey-engine';
import { Accounts } from './accounts.js';
import { createApp } from './app.js';
import { dataFile, endWithCtrlC, endWithMessage, listen } from './serving.js';

// The whole of it in one process: an engine, two users on it, and the application. The engine
// keeps nothing, so its users are new ones, with new user hashes, after each start.
const enginePort = Number(process.env.ENGINE_PORT ?? 3001);
const [demoUser, otherUser] = ['alice', 'bob'];

const { server, url, serve } = await listen().catch(endWithMessage);

// A developer who tries the demo logs in more than three times a minute.
const rateLimit = { windows: [{ requests: 20, seconds: 60 }] };
const engine = await startEngine({ port: enginePort, rateLimit }).catch(endWithMessage);
await engine.createUser(demoUser);
await engine.createUser(otherUser);
const { appKey, secretKey, privateKey } = await engine.createApp({
  name: 'Express example',
  callbackUrl: `${url}/launchkey/callback`,
});

const authenticatorUrl = `${engine.url}/authenticator?user=${demoUser}`;
const accounts = new Accounts(dataFile);
serve(
  createApp({
    accounts,
    sessionSecret: process.env.SESSION_SECRET ?? randomBytes(32).toString('base64url'),
    launchkey: { apiBaseUrl: `${engine.url}/v1`, appKey, secretKey, privateKey },
    authenticatorUrl,
  }),
);

console.log(`
  The application:    ${url}   (log in as: ${demoUser})
  The authenticator:  ${authenticatorUrl}   (${demoUser}'s phone)

  Open both side by side. For another phone to link to an account, there is ${otherUser}. Ctrl+C stops them.
`);

endWithCtrlC(server, async () => {
  await engine.close();
  accounts.close();
});
