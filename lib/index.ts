export {
  type AuthPackage,
  LaunchKeyClient,
  type LaunchKeyClientOptions,
  type PollAnswer,
} from './client/client.js';
export * from './client/errors.js';
export { policy } from './client/policy.js';
export { MemoryStore } from './store/memory.js';
export {
  LaunchKeyStrategy,
  LaunchKeyStrategy as default,
  LaunchKeyStrategy as Strategy,
} from './strategy.js';
