import type { AuditRecord, FraudRecord, ReceiptRecord } from '../records.js';
import type { FraudReport } from '../repository.js';
import { lockUser } from './devices.js';
import { auditRecord, auditRow, receiptRecord } from './rows.js';
import type { Database, FraudRow, Step } from './schema.js';

/** What is kept for the operator: reports of fraud, receipts, the audit trail. */
export class SqlTrail {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async fraud(userId: string): Promise<FraudRecord | undefined> {
    const row = await this.db
      .selectFrom('fraud')
      .selectAll()
      .where('user_id', '=', userId)
      .executeTakeFirst();
    return row && fraudRecord(row);
  }

  async endPause(userId: string, now: number): Promise<void> {
    await this.db
      .updateTable('fraud')
      .set({ paused_until: now })
      .where('user_id', '=', userId)
      .where('paused_until', '>', now)
      .execute();
  }

  async receipt(authRequest: string): Promise<ReceiptRecord | undefined> {
    const row = await this.db
      .selectFrom('receipts')
      .selectAll()
      .where('auth_request', '=', authRequest)
      .executeTakeFirst();
    return row && receiptRecord(row);
  }

  async insertAudit(record: AuditRecord): Promise<void> {
    await insertAudit(this.db, record);
  }

  async audit({ userId, limit }: { userId?: string; limit: number }): Promise<AuditRecord[]> {
    const rows = await this.db
      .selectFrom('audit')
      .selectAll()
      .$if(userId !== undefined, (query) => query.where('user_id', '=', userId as string))
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
    return rows.map(auditRecord);
  }
}

export async function insertAudit(db: Database, record: AuditRecord): Promise<void> {
  await db.insertInto('audit').values(auditRow(record)).execute();
}

/**
 * With the user locked, so that of two reports at once none is lost: after the request that is being
 * answered, since a deletion takes the two in that order.
 */
export async function reportFraud(
  trx: Step,
  userId: string,
  now: number,
  { pauses, memory, note }: FraudReport,
): Promise<FraudRecord> {
  await lockUser(trx, userId);
  const before = await trx
    .selectFrom('fraud')
    .selectAll()
    .where('user_id', '=', userId)
    .executeTakeFirst();
  const reports = before && now - before.last_at < memory ? before.reports + 1 : 1;
  const pause = pauses[Math.min(reports, pauses.length) - 1] ?? 0;
  const paused = Math.max(before?.paused_until ?? 0, now + pause);
  const columns = { reports, last_at: now, paused_until: paused };
  await trx
    .insertInto('fraud')
    .values({ user_id: userId, ...columns })
    .onConflict((conflict) => conflict.column('user_id').doUpdateSet(columns))
    .execute();
  const fraud = { reports, lastAt: now, pausedUntil: paused };
  await insertAudit(trx, note(fraud));
  return fraud;
}

function fraudRecord(row: FraudRow): FraudRecord {
  return { reports: row.reports, lastAt: row.last_at, pausedUntil: row.paused_until };
}
