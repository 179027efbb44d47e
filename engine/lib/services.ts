import type { PingKeys } from './crypto/ping-keys.js';
import type { Repository } from './data/repository.js';
import type { VirtualDevice } from './device/virtual.js';
import type { Answers } from './domain/answers.js';
import type { Apps } from './domain/apps.js';
import type { Audit } from './domain/audit.js';
import type { Changes } from './domain/changes.js';
import type { Deletions } from './domain/deletions.js';
import type { Devices } from './domain/devices.js';
import type { Envelopes } from './domain/envelopes.js';
import type { Factors } from './domain/factors.js';
import type { FailedCalls } from './domain/failed-calls.js';
import type { Fraud } from './domain/fraud.js';
import type { HeldPolls } from './domain/held-polls.js';
import type { Limits } from './domain/limits.js';
import type { OtherNodes } from './domain/other-nodes.js';
import type { Pairings } from './domain/pairings.js';
import type { Push } from './domain/push.js';
import type { PushSubscriptions } from './domain/push-subscriptions.js';
import type { Requests } from './domain/requests.js';
import type { Rotation } from './domain/rotation.js';
import type { Sessions } from './domain/sessions.js';
import type { Users } from './domain/users.js';
import type { WhiteLabel } from './domain/white-label.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';

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
  readonly push: Push;
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
