import type { AuditFilter, AuditPort, AuditRecord, WrittenAudit } from '../ports/audit.js';

const MAX_ENTRIES = 10_000;

export class MemoryAudit implements AuditPort {
  private records: WrittenAudit[] = [];
  private lastSeq = 0;

  async insert(record: AuditRecord) {
    this.add(record);
  }

  async list(filter: AuditFilter) {
    const ascending = filter.after !== undefined;
    const found: WrittenAudit[] = [];
    const { records } = this;
    for (let i = 0; i < records.length && found.length < filter.limit; i += 1) {
      const record = records[ascending ? i : records.length - 1 - i] as WrittenAudit;
      if (matches(record, filter)) found.push(record);
    }
    return found;
  }

  async deletedUserIds(usernames: readonly string[]) {
    return this.records
      .filter(
        ({ kind, details }) => kind === 'user.deleted' && usernames.includes(`${details.username}`),
      )
      .flatMap(({ userId }) => userId ?? []);
  }

  add(record: AuditRecord): void {
    this.lastSeq += 1;
    this.records.push({ ...record, seq: this.lastSeq });
    // Many at once and rarely, since removing the first entry moves all others.
    if (this.records.length >= 2 * MAX_ENTRIES) this.records = this.records.slice(-MAX_ENTRIES);
  }

  sweep(time: number): void {
    const kept = this.records.findIndex(({ at }) => at > time);
    if (kept > 0) this.records = this.records.slice(kept);
    else if (kept < 0) this.records = [];
  }
}

function matches(record: WrittenAudit, filter: AuditFilter): boolean {
  const { userIds, since, until, after, before } = filter;
  return (
    (userIds === undefined || userIds.includes(record.userId ?? '')) &&
    (since === undefined || record.at >= since) &&
    (until === undefined || record.at < until) &&
    (after === undefined || record.seq > after) &&
    (before === undefined || record.seq < before)
  );
}
