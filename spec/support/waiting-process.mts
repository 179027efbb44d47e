/*
 * A program, run by store/redis.spec.ts: waits for an answer over Redis and, when told to on its
 * standard input, closes its own client and nothing else. It never calls exit().
 */
import { RedisStore } from 'passport-launchkey/redis';
import { createClient } from 'redis';

const client = createClient({ url: process.argv[2] });
client.on('error', () => {});
await client.connect();
const store = new RedisStore({ client });
const login = { handle: 'handle', authRequest: '', username: '', session: true };
await store.add({ ...login, startedAt: 0, expiresAt: 0 }, 3_600_000);
store.waitForAnswer('handle', new AbortController().signal).catch(() => {});
process.stdout.write('waiting\n');
process.stdin.once('data', () => {
  client.destroy();
  process.stdin.destroy();
});
