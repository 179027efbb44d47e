import { createApp } from './app.js';
import { connectRedis } from './redis.js';

// One process of the application. It is told everything by its environment, so it runs as well under
// any other process manager, or in containers behind a load balancer.
const redis = await connectRedis(needed('REDIS_URL'));
const app = createApp({
  redis,
  sessionSecret: needed('SESSION_SECRET'),
  launchkey: {
    apiBaseUrl: needed('LAUNCHKEY_API_URL'),
    appKey: needed('LAUNCHKEY_APP_KEY'),
    secretKey: needed('LAUNCHKEY_SECRET_KEY'),
    privateKey: needed('LAUNCHKEY_PRIVATE_KEY'),
  },
  authenticatorUrl: process.env.AUTHENTICATOR_URL,
});
const server = app.listen(Number(needed('PORT')), '127.0.0.1');

// Ctrl+C reaches all processes of a terminal at once; the primary says when it is time to stop.
process.on('SIGINT', () => {});
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  redis.destroy();
  // The channel to the primary would keep the process alive.
  if (process.connected) process.disconnect();
});

function needed(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`The environment variable ${name} is missing.`);
  return value;
}
