import type { Repository } from '../data/repository.js';
import type { Logger } from '../observability/logger.js';
import type { Metrics } from '../observability/metrics.js';
import type { Answers } from './answers.js';
import type { Apps } from './apps.js';
import type { Audit } from './audit.js';
import type { Changes } from './changes.js';
import type { Deletions } from './deletions.js';
import type { Devices } from './devices.js';
import type { Envelopes } from './envelopes.js';
import type { Factors } from './factors.js';
import type { FailedCalls } from './failed-calls.js';
import type { Fraud } from './fraud.js';
import type { HeldPolls } from './held-polls.js';
import type { Limits } from './limits.js';
import type { OtherNodes } from './other-nodes.js';
import type { Pairings } from './pairings.js';
import type { PingKeys } from './ping-keys.js';
import type { PushSubscriptions } from './push-subscriptions.js';
import type { Requests } from './requests.js';
import type { Rotation } from './rotation.js';
import type { Sessions } from './sessions.js';
import type { Users } from './users.js';
import type { VirtualDevice } from './virtual-device.js';
import type { WhiteLabel } from './white-label.js';

/** What the routes work with: the parts of one engine. */
export interface Services {
  readonly repository: Repository;
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
  readonly device: VirtualDevice;
  readonly devices: Devices;
  readonly answers: Answers;
  readonly factors: Factors;
  /** The VAPID public key of Web Push (RFC 8292), base64url. */
  readonly pushKey: string;
  readonly pushSubscriptions: PushSubscriptions;
  readonly fraud: Fraud;
  readonly audit: Audit;
  readonly heldPolls: HeldPolls;
  readonly changes: Changes;
  readonly otherNodes: OtherNodes;
  readonly failedCalls: FailedCalls;
  readonly limits: Limits;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: () => number;
  /** The address at which the engine listens, without a slash at its end. */
  readonly url: () => string;
  /** The address under which others reach it, if it was given one. */
  readonly publicUrl: string | undefined;
  /** The port that the engine listens on, if it is bound to loopback; `undefined` if it is not. */
  readonly loopbackPort: () => number | undefined;
}
