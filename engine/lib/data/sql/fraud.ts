import { auditOf, countReport } from '../fraud-reports.js';
import type { FraudPort, FraudRecord, FraudReport } from '../ports/fraud.js';
import { insertAudit } from './audit.js';
import { lockUser } from './locks.js';
import type { Database, FraudRow, RequestRow, Step } from './schema.js';

export class SqlFraud implements FraudPort {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async get(userId: string): Promise<FraudRecord | undefined> {
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
}

/**
 * Counts a report in the step of its denial, with the user locked so that of two reports at once none
 * is lost. The request is locked before the user, in the order in which deletions lock them.
 */
export async function reportFraud(
  trx: Step,
  { user_id: userId, rate_key: rateKey }: Pick<RequestRow, 'user_id' | 'rate_key'>,
  now: number,
  report: FraudReport,
): Promise<FraudRecord> {
  await lockUser(trx, userId);
  const row = await trx
    .selectFrom('fraud')
    .selectAll()
    .where('user_id', '=', userId)
    .executeTakeFirst();
  const fraud = countReport(row && fraudRecord(row), report, now, rateKey ?? undefined);
  const columns = {
    reports: fraud.reports,
    last_at: fraud.lastAt,
    paused_until: fraud.pausedUntil,
    paused_keys: JSON.stringify(fraud.pausedKeys),
  };
  await trx
    .insertInto('fraud')
    .values({ user_id: userId, ...columns })
    .onConflict((conflict) => conflict.column('user_id').doUpdateSet(columns))
    .execute();
  await insertAudit(trx, auditOf(report, fraud));
  return fraud;
}

export function fraudRecord(row: FraudRow): FraudRecord {
  return {
    reports: row.reports,
    lastAt: row.last_at,
    pausedUntil: row.paused_until,
    pausedKeys: row.paused_keys === null ? [] : JSON.parse(row.paused_keys),
  };
}
