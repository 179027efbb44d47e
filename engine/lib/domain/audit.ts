import { randomUUID } from 'node:crypto';
import type { Data } from '../data/data.js';
import type { AuditRecord } from '../data/ports/audit.js';

/** The kinds of entries in the audit trail. An entry holds no code, token or auth package. */
export type AuditKind =
  /** An application was created. */
  | 'app.created'
  /** All calls of an application are refused from now on. */
  | 'app.disabled'
  /** The calls of a disabled application are accepted again. */
  | 'app.enabled'
  /** An application has new credentials. */
  | 'app.rotated'
  /** An application was deleted with everything that belongs to it. */
  | 'app.deleted'
  /** A user was created. */
  | 'user.created'
  /** A user is sent no further requests, and the sessions of the user have ended. */
  | 'user.suspended'
  /** A suspended user can log in again. */
  | 'user.resumed'
  /** A user was deleted with everything that belongs to it. */
  | 'user.deleted'
  /** The engine has a new ping key. */
  | 'key.rotated'
  /** A pairing code was made. */
  | 'pairing.offered'
  /** A device was paired. */
  | 'device.paired'
  /** A device has a new name. */
  | 'device.renamed'
  /** A device was unpaired. */
  | 'device.unpaired'
  /** A PIN or a WebAuthn credential was set up on a device. */
  | 'factor.enrolled'
  /**
   * An application sent an auth request. `expected` in its details if it passed outside the budget, because
   * the user had said on a device that a login follows.
   */
  | 'request.created'
  /**
   * The engine refused an auth request. `count` in its details says how many of one `reason` for this user
   * and application: 1 for the first, and then those of the hour that follows.
   */
  | 'request.refused'
  /** A request expired unanswered. */
  | 'request.expired'
  /** A user said on a device that a login in a new browser follows. */
  | 'login.expected'
  /** A paired device approved a request. */
  | 'request.approved'
  /** A paired device denied a request. */
  | 'request.denied'
  /** A wrong number was picked or typed. */
  | 'request.wrong_number'
  /** The application took a request back. */
  | 'request.withdrawn'
  /** LaunchKey sessions were ended on a device or by the operator. */
  | 'sessions.ended'
  /** A user reported a request as fraud. */
  | 'fraud.reported'
  /** A pause after a report of fraud was ended. */
  | 'fraud.pause_ended'
  /** A device receives Web Push messages from now on. */
  | 'push.subscribed'
  /** A device receives no Web Push messages from now on. */
  | 'push.unsubscribed';

/** The user, the application and the device that an entry concerns. */
export type AuditSubject = Pick<AuditRecord, 'userId' | 'appKey' | 'deviceId'>;

export class Audit {
  private readonly data: Data;
  private readonly clock: () => number;

  constructor(data: Data, clock: () => number) {
    this.data = data;
    this.clock = clock;
  }

  async write(
    kind: AuditKind,
    about: AuditSubject,
    details: AuditRecord['details'] = {},
  ): Promise<void> {
    await this.data.audit.insert(this.entry(kind, about, details));
  }

  /** Makes an entry that another step writes together with its own change. */
  entry(kind: AuditKind, about: AuditSubject, details: AuditRecord['details'] = {}): AuditRecord {
    return { id: randomUUID(), at: this.clock(), kind, ...about, details };
  }
}
