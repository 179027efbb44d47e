import { MemoryStore, type Store } from 'passport-launchkey';
import { RedisStore } from 'passport-launchkey/redis';
import { type OpenStore, storeContract } from 'passport-launchkey/store-contract';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Client, describeWithRedis, makeClient, RedisServer } from '../support/redis.js';

describe('MemoryStore keeps to the contract', () => {
  const stores = new Map<string, Store>();
  const open: OpenStore = (storage) => {
    const store = stores.get(storage) ?? new MemoryStore();
    stores.set(storage, store);
    return store;
  };

  it.each(storeContract)('$name', ({ run }) => run(open));
});

describeWithRedis('RedisStore keeps to the contract', () => {
  let server: RedisServer;
  const clients: Client[] = [];
  const stores: RedisStore[] = [];

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  afterAll(async () => {
    for (const store of stores) await store.close();
    for (const client of clients) client.destroy();
    await server?.stop();
  });

  /** Each on a connection of its own, as in a process of its own. */
  const open: OpenStore = async (prefix) => {
    const client = makeClient(server.url);
    clients.push(client);
    await client.connect();
    // Only messages wake it: a lost one would show.
    const store = new RedisStore({ client, prefix, recheckInterval: 3_600_000 });
    stores.push(store);
    return store;
  };

  it.each(storeContract)('$name', ({ run }) => run(open));
});
