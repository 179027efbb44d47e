import { createClient } from 'redis';

/** A client for sessions and for the strategy's store. The caller connects and closes it. */
export type Redis = Awaited<ReturnType<typeof connectRedis>>;

export async function connectRedis(url: string) {
  const client = createClient({ url });
  // Without this, a lost connection would end the process; the client makes a new one by itself.
  client.on('error', (error) => console.error(`Redis: ${error.message || error.code}`));
  await client.connect();
  return client;
}
