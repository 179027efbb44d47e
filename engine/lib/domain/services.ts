import type { Data } from '../data/data.js';
import type { Logger } from '../observability/logger.js';
import type { Metrics } from '../observability/metrics.js';
import type { Address } from './address.js';
import type { Answers } from './answers.js';
import type { Apps } from './apps.js';
import type { Audit } from './audit.js';
import type { Deletions } from './deletions.js';
import type { Devices } from './devices.js';
import type { Envelopes } from './envelopes.js';
import type { Factors } from './factors.js';
import type { FailedCalls } from './failed-calls.js';
import type { Fraud } from './fraud.js';
import type { HeldDevices } from './held-devices.js';
import type { HeldPolls } from './held-polls.js';
import type { Limits } from './limits.js';
import type { Pairings } from './pairings.js';
import type { PingKeys } from './ping-keys.js';
import type { PushSubscriptions } from './push-subscriptions.js';
import type { Requests } from './requests.js';
import type { Rotation } from './rotation.js';
import type { Sessions } from './sessions.js';
import type { Signals } from './signals.js';
import type { Users } from './users.js';
import type { VirtualDevice } from './virtual-device.js';
import type { WhiteLabel } from './white-label.js';

/** The parts of one engine, for its routes and its methods. */
export interface Services {
  readonly data: Data;
  readonly pingKeys: PingKeys;
  readonly envelopes: Envelopes;
  readonly apps: Apps;
  readonly users: Users;
  readonly rotation: Rotation;
  readonly deletions: Deletions;
  readonly requests: Requests;
  readonly sessions: Sessions;
  readonly pairings: Pairings;
  readonly whiteLabel: WhiteLabel;
  readonly virtualDevice: VirtualDevice;
  readonly devices: Devices;
  readonly answers: Answers;
  readonly factors: Factors;
  /** The VAPID public key of Web Push (RFC 8292), base64url. */
  readonly pushKey: string;
  readonly pushSubscriptions: PushSubscriptions;
  readonly fraud: Fraud;
  readonly audit: Audit;
  readonly signals: Signals;
  readonly heldPolls: HeldPolls;
  readonly heldDevices: HeldDevices;
  readonly failedCalls: FailedCalls;
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: () => number;
  readonly address: Address;
}
