import { randomUUID } from 'node:crypto';
import type { AuditRecord } from '../data/records.js';
import type { Repository } from '../data/repository.js';

/** What is written down for the operator. Names and reasons; never a code, a token or a package. */
export type AuditKind =
  | 'app.rotated'
  | 'app.deleted'
  | 'user.deleted'
  | 'pairing.offered'
  | 'device.paired'
  | 'device.renamed'
  | 'device.unpaired'
  | 'factor.enrolled'
  | 'request.approved'
  | 'request.denied'
  | 'request.wrong_number'
  | 'fraud.reported'
  | 'fraud.pause_ended'
  | 'push.subscribed'
  | 'push.unsubscribed';

export class Audit {
  private readonly repository: Repository;
  private readonly clock: () => number;

  constructor(repository: Repository, clock: () => number) {
    this.repository = repository;
    this.clock = clock;
  }

  async write(
    kind: AuditKind,
    about: Pick<AuditRecord, 'userId' | 'appKey' | 'deviceId'>,
    details: AuditRecord['details'] = {},
  ): Promise<void> {
    const record: AuditRecord = { id: randomUUID(), at: this.clock(), kind, ...about, details };
    await this.repository.insertAudit(record);
  }
}
