/**
 * The store for applications of several processes.
 *
 * @module passport-launchkey/redis
 */
export type { RedisListener, RedisListenerSource } from './store/redis/answer-channel.js';
export type { RedisClient, RedisStoreOptions } from './store/redis/store.js';
export { RedisStore } from './store/redis/store.js';
