import { auditOf, countReport } from '../fraud-reports.js';
import type { FraudPort, FraudRecord, FraudReport } from '../ports/fraud.js';
import type { RequestRecord } from '../ports/requests.js';
import type { MemoryAudit } from './audit.js';

export class MemoryFraud implements FraudPort {
  private readonly audit: MemoryAudit;
  private readonly byUser = new Map<string, FraudRecord>();

  constructor(audit: MemoryAudit) {
    this.audit = audit;
  }

  async get(userId: string) {
    return this.ofUser(userId);
  }

  async endPause(userId: string, now: number) {
    const fraud = this.byUser.get(userId);
    if (!fraud || fraud.pausedUntil <= now) return;
    this.byUser.set(userId, { ...fraud, pausedUntil: now });
  }

  ofUser(userId: string): FraudRecord | undefined {
    return this.byUser.get(userId);
  }

  report(
    { userId, rateKey }: Pick<RequestRecord, 'userId' | 'rateKey'>,
    now: number,
    report: FraudReport,
  ): FraudRecord {
    const fraud = countReport(this.byUser.get(userId), report, now, rateKey);
    this.byUser.set(userId, fraud);
    this.audit.add(auditOf(report, fraud));
    return fraud;
  }

  deleteUser(userId: string): void {
    this.byUser.delete(userId);
  }
}
