// `npm run typecheck` checks this file. It is never run.
import { expectTypeOf } from 'expect-type';
import type { Store } from 'passport-launchkey';
import { type RedisClient, RedisStore } from 'passport-launchkey/redis';
import { type OpenStore, storeContract } from 'passport-launchkey/store-contract';
import { createClient, RESP_TYPES } from 'redis';

expectTypeOf<RedisStore>().toExtend<Store>();

// Clients with any modules and protocol version fit.
const client = createClient({ url: 'redis://localhost' });
new RedisStore({ client });
new RedisStore({ client: createClient({ RESP: 2 }) });
new RedisStore({ client: createClient({ RESP: 3, name: 'app' }) });
new RedisStore({ client: client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer }) });
expectTypeOf(client).toExtend<RedisClient>();

// @ts-expect-error: the client is required
new RedisStore({ prefix: 'shop:' });

expectTypeOf<() => Promise<RedisStore>>().toExtend<OpenStore>();
expectTypeOf(storeContract[0]?.run).toEqualTypeOf<
  ((open: OpenStore, options?: { patience?: number | undefined }) => Promise<void>) | undefined
>();
