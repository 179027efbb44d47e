import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Accounts } from './accounts.js';
import { createApp } from './app.js';
import { dataFile, endWithCtrlC, endWithMessage, listen } from './serving.js';

// The application alone, for an engine that runs already: the README says how to start one.
const launchkey = {
  apiBaseUrl: process.env.LAUNCHKEY_API ?? 'http://localhost:8080/v1',
  appKey: needed('LAUNCHKEY_APP_KEY'),
  secretKey: needed('LAUNCHKEY_SECRET_KEY'),
  privateKey: readFileSync(needed('LAUNCHKEY_PRIVATE_KEY_FILE'), 'utf8'),
};
const { server, url, serve } = await listen().catch(endWithMessage);
const accounts = new Accounts(dataFile);
const sessionSecret = process.env.SESSION_SECRET ?? randomBytes(32).toString('base64url');
serve(createApp({ accounts, sessionSecret, launchkey }));
console.log(`The application: ${url}   (Ctrl+C stops it)`);
endWithCtrlC(server, () => accounts.close());

function needed(name: string): string {
  const value = process.env[name];
  if (!value) {
    throw new Error(
      `Set ${name}: the engine shows it, once, when the application is created. See the README.`,
    );
  }
  return value;
}
