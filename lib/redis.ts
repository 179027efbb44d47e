export type { RedisClient, RedisStoreOptions } from './store/redis.js';
export { RedisStore } from './store/redis.js';
export type { RedisListener, RedisListenerSource } from './store/redis-announcements.js';
