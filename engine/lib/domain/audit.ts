import { randomUUID } from 'node:crypto';
import type { Data } from '../data/data.js';
import type { AuditRecord } from '../data/ports/audit.js';

/** What is written down for the operator. Names and reasons; never a code, a token or a package. */
export type AuditKind =
  | 'app.created'
  | 'app.disabled'
  | 'app.enabled'
  | 'app.rotated'
  | 'app.deleted'
  | 'user.created'
  | 'user.deleted'
  | 'key.rotated'
  | 'pairing.offered'
  | 'device.paired'
  | 'device.renamed'
  | 'device.unpaired'
  | 'factor.enrolled'
  | 'request.approved'
  | 'request.denied'
  | 'request.wrong_number'
  | 'request.withdrawn'
  | 'sessions.ended'
  | 'fraud.reported'
  | 'fraud.pause_ended'
  | 'push.subscribed'
  | 'push.unsubscribed';

/** Whom an entry is about. */
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

  /** What is to be written in the one step with what it says. */
  entry(kind: AuditKind, about: AuditSubject, details: AuditRecord['details'] = {}): AuditRecord {
    return { id: randomUUID(), at: this.clock(), kind, ...about, details };
  }
}
