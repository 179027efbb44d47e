import type { AnnouncementPort } from './ports/announcements.js';
import type { AppPort } from './ports/apps.js';
import type { AuditPort } from './ports/audit.js';
import type { CallPort } from './ports/calls.js';
import type { DeliveryPort } from './ports/deliveries.js';
import type { DevicePort } from './ports/devices.js';
import type { FraudPort } from './ports/fraud.js';
import type { IdentityPort } from './ports/identities.js';
import type { NodePort } from './ports/nodes.js';
import type { NoncePort } from './ports/nonces.js';
import type { PairingPort } from './ports/pairings.js';
import type { PingKeyPort } from './ports/ping-keys.js';
import type { RatePort } from './ports/rates.js';
import type { ReceiptPort } from './ports/receipts.js';
import type { RequestPort } from './ports/requests.js';
import type { SecretPort } from './ports/secrets.js';
import type { SessionPort } from './ports/sessions.js';
import type { UserPort } from './ports/users.js';
import type { Retention } from './retention.js';

/**
 * The ports of the engine's data, one for each concept. Each method is one atomic step, as one SQL
 * statement or one short transaction is. Everything that must happen only once is decided inside it:
 * callers hold no locks and assume nothing about how many processes share the data.
 *
 * Arguments and results are plain data, so that a method can run in another thread. Records are values:
 * a caller never changes one that it was given.
 */
export interface Ports {
  readonly apps: AppPort;
  readonly users: UserPort;
  readonly identities: IdentityPort;
  readonly pairings: PairingPort;
  readonly devices: DevicePort;
  readonly nonces: NoncePort;
  readonly requests: RequestPort;
  readonly sessions: SessionPort;
  readonly receipts: ReceiptPort;
  readonly deliveries: DeliveryPort;
  readonly rates: RatePort;
  readonly fraud: FraudPort;
  readonly audit: AuditPort;
  readonly pingKeys: PingKeyPort;
  readonly secrets: SecretPort;
  readonly nodes: NodePort;
}

/** The engine's data: in memory, in SQLite or in PostgreSQL. */
export interface Data extends Ports {
  readonly announcements: AnnouncementPort;
  readonly calls: CallPort;
  /** Deletes expired records, in batches. The engine calls it periodically. */
  sweep(now: number, retention?: Retention): Promise<void>;
  /** Rejects if the data cannot be read, or is seen to be read-only or gone. It writes nothing. */
  check(): Promise<void>;
  close(): Promise<void>;
}
