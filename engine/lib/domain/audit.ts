import { randomUUID } from 'node:crypto';
import type { AuditRecord } from '../data/records.js';
import type { Repository } from '../data/repository.js';

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
  | 'sessions.ended'
  | 'fraud.reported'
  | 'fraud.pause_ended'
  | 'push.subscribed'
  | 'push.unsubscribed';

/** Whom an entry is about. */
export type AuditSubject = Pick<AuditRecord, 'userId' | 'appKey' | 'deviceId'>;

export class Audit {
  private readonly repository: Repository;
  private readonly clock: () => number;

  constructor(repository: Repository, clock: () => number) {
    this.repository = repository;
    this.clock = clock;
  }

  async write(
    kind: AuditKind,
    about: AuditSubject,
    details: AuditRecord['details'] = {},
  ): Promise<void> {
    await this.repository.insertAudit(this.entry(kind, about, details));
  }

  /** What is to be written in the one step with what it says. */
  entry(kind: AuditKind, about: AuditSubject, details: AuditRecord['details'] = {}): AuditRecord {
    return { id: randomUUID(), at: this.clock(), kind, ...about, details };
  }
}
