import type { AuditPort, AuditRecord } from '../ports/audit.js';

const MAX_ENTRIES = 10_000;

export class MemoryAudit implements AuditPort {
  private records: AuditRecord[] = [];

  async insert(record: AuditRecord) {
    this.add(record);
  }

  async list({ userId, limit }: { userId?: string; limit: number }) {
    const found: AuditRecord[] = [];
    for (let i = this.records.length - 1; i >= 0 && found.length < limit; i -= 1) {
      const record = this.records[i] as AuditRecord;
      if (userId === undefined || record.userId === userId) found.push(record);
    }
    return found;
  }

  add(record: AuditRecord): void {
    this.records.push(record);
    // Many at once and rarely, since removing the first entry moves all others.
    if (this.records.length >= 2 * MAX_ENTRIES) this.records = this.records.slice(-MAX_ENTRIES);
  }
}
