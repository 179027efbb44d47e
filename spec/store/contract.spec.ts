import { AssertionError } from 'node:assert';
import { MemoryStore, type Store } from 'passport-launchkey';
import { RedisStore } from 'passport-launchkey/redis';
import { type OpenStore, storeContract } from 'passport-launchkey/store-contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { brokenStores } from '../support/broken-stores.js';
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

  /** Each store has a connection of its own, like a process of its own. */
  const open: OpenStore = async (prefix) => {
    const client = makeClient(server.url);
    clients.push(client);
    await client.connect();
    // Without rechecks, a lost message fails the test.
    const store = new RedisStore({ client, prefix, recheckInterval: 3_600_000 });
    stores.push(store);
    return store;
  };

  it.each(storeContract)('$name', ({ run }) => run(open));
});

describe('the contract finds a store that', () => {
  it.each(brokenStores)('$mistake', async ({ open, found }) => {
    const failed: string[] = [];
    for (const { name, run } of storeContract) {
      await run(open, { patience: 2_000 }).catch((error) => {
        expect(error).toBeInstanceOf(AssertionError);
        failed.push(name);
      });
    }
    expect(failed).toEqual(found);
  });
});
