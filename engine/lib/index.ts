export type { DenialReason, EcPublicKey, Policy, RateWindow } from './data/records.js';
export type { AnswerOptions, AnswerResult } from './device/virtual.js';
export type { AppCredentials, AppInfo, AppOptions } from './domain/apps.js';
export type { DeliveryOptions } from './domain/delivery.js';
export type { Limits } from './domain/limits.js';
export type { PushOptions } from './domain/push.js';
export type { RotatedCredentials, RotateOptions } from './domain/rotation.js';
export type { UserInfo } from './domain/users.js';
export { type Engine, startEngine } from './engine.js';
export { type EngineErrorCode, LaunchKeyEngineError } from './errors.js';
export type { TlsOptions } from './http/tls.js';
export type { Logger } from './logger.js';
export type { EngineOptions, RateLimit } from './options.js';
export type {
  AuditEntry,
  DeviceInfo,
  OpenSession,
  PairingCode,
  PendingRequest,
  Receipt,
} from './views.js';
