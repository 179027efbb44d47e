import { BoundedMap } from '../../util/bounded-map.js';
import type { AuditRecord, FraudRecord, ReceiptRecord } from '../records.js';
import type { FraudReport } from '../repository.js';

const KEPT = 10_000;

/** What is kept for the operator: reports of fraud, receipts, the audit trail. */
export class MemoryTrail {
  private readonly fraudByUser = new Map<string, FraudRecord>();
  private readonly receipts = new BoundedMap<string, ReceiptRecord>(KEPT);
  private records: AuditRecord[] = [];

  reportFraud(userId: string, now: number, { pauses, memory, note }: FraudReport): FraudRecord {
    const before = this.fraudByUser.get(userId);
    const reports = before && now - before.lastAt < memory ? before.reports + 1 : 1;
    const pause = pauses[Math.min(reports, pauses.length) - 1] ?? 0;
    const pausedUntil = Math.max(before?.pausedUntil ?? 0, now + pause);
    const fraud = { reports, lastAt: now, pausedUntil };
    this.fraudByUser.set(userId, fraud);
    this.insertAudit(note(fraud));
    return fraud;
  }

  fraud(userId: string): FraudRecord | undefined {
    return this.fraudByUser.get(userId);
  }

  endPause(userId: string, now: number): void {
    const fraud = this.fraudByUser.get(userId);
    if (!fraud || fraud.pausedUntil <= now) return;
    this.fraudByUser.set(userId, { ...fraud, pausedUntil: now });
  }

  deleteUser(userId: string): void {
    this.fraudByUser.delete(userId);
    this.receipts.deleteWhere((receipt) => receipt.userId === userId);
  }

  deleteApp(appKey: string): void {
    this.receipts.deleteWhere((receipt) => receipt.appKey === appKey);
  }

  keepReceipt(receipt: ReceiptRecord): void {
    this.receipts.set(receipt.authRequest, receipt);
  }

  receipt(authRequest: string): ReceiptRecord | undefined {
    return this.receipts.get(authRequest);
  }

  insertAudit(record: AuditRecord): void {
    this.records.push(record);
    // Seldom, and many at once: to shift them one by one would move all the others each time.
    if (this.records.length >= 2 * KEPT) this.records = this.records.slice(-KEPT);
  }

  audit({ userId, limit }: { userId?: string; limit: number }): AuditRecord[] {
    const found: AuditRecord[] = [];
    for (let i = this.records.length - 1; i >= 0 && found.length < limit; i -= 1) {
      const record = this.records[i] as AuditRecord;
      if (userId === undefined || record.userId === userId) found.push(record);
    }
    return found;
  }
}
