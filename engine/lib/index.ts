/**
 * The LaunchKey v1 API, to start in a program or a test.
 *
 * @module launchkey-engine
 */
export type { EcPublicKey } from './crypto/ec.js';
export type { DatabaseOptions } from './data/database-options.js';
export type { RateWindow } from './data/ports/rates.js';
export type { DenialReason, Policy } from './data/ports/requests.js';
export type { Retention } from './data/retention.js';
export type { AppCredentials, AppInfo, AppOptions } from './domain/apps.js';
export type { RequestBrowser } from './domain/browsers.js';
export type { Finding } from './domain/doctor.js';
export type { Limits } from './domain/limits.js';
export type { RotatedCredentials, RotateOptions } from './domain/rotation.js';
export type {
  AuditEntry,
  DeviceInfo,
  OpenSession,
  PairingCode,
  PendingRequest,
  Receipt,
} from './domain/snapshots.js';
export type { EngineStatus, NodeInfo } from './domain/status.js';
export type { UserInfo } from './domain/users.js';
export type { AnswerOptions, AnswerResult } from './domain/virtual-device.js';
export type { AuditFilter, CloseOptions, Engine, UserExport } from './engine.js';
export { type EngineErrorCode, LaunchKeyEngineError } from './errors.js';
export type { TlsOptions } from './http/tls.js';
export type { Logger } from './observability/logger.js';
export type { EngineOptions, RateLimit } from './options.js';
export type { DeliveryOptions } from './outbound/delivery.js';
export type { PushOptions } from './outbound/push.js';
export { startEngine } from './start-engine.js';
