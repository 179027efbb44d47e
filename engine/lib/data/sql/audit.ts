import { sql } from 'kysely';
import type { AuditFilter, AuditPort, AuditRecord, WrittenAudit } from '../ports/audit.js';
import { SWEEP_BATCH } from '../retention.js';
import { columnsOf, prepared, rowOf } from './prepared.js';
import { isSqlite } from './relaxed.js';
import type { AuditRow, Database } from './schema.js';

export const AUDIT_COLUMNS = columnsOf<AuditRow>()({
  texts: ['id', 'kind', 'user_id', 'app_key', 'device_id', 'details'],
  numbers: ['at'],
});

const insert = prepared<AuditRow>()((db, value) =>
  db.insertInto('audit').values(rowOf(value, AUDIT_COLUMNS)),
);

export class SqlAudit implements AuditPort {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async insert(record: AuditRecord): Promise<void> {
    await insertAudit(this.db, record);
  }

  async list(filter: AuditFilter): Promise<WrittenAudit[]> {
    const { userIds, since, until, after, before, limit } = filter;
    const written = after === undefined ? undefined : await this.writtenUntil();
    const rows = await this.db
      .selectFrom('audit')
      .selectAll()
      .$if(userIds !== undefined, (query) => query.where('user_id', 'in', [...(userIds ?? []), '']))
      .$if(since !== undefined, (query) => query.where('at', '>=', since as number))
      .$if(until !== undefined, (query) => query.where('at', '<', until as number))
      .$if(after !== undefined, (query) => query.where('seq', '>', after as number))
      .$if(before !== undefined, (query) => query.where('seq', '<', before as number))
      .$if(written !== undefined, (query) => query.where('seq', '<=', written as number))
      .orderBy('seq', after === undefined ? 'desc' : 'asc')
      .limit(limit)
      .execute();
    return rows.map(writtenRecord);
  }

  async deletedUserIds(usernames: readonly string[]): Promise<string[]> {
    const details = usernames.map((username) => JSON.stringify({ username }));
    const rows = await this.db
      .selectFrom('audit')
      .select('user_id')
      .where('kind', '=', 'user.deleted')
      .where('details', 'in', details)
      .execute();
    return rows.flatMap(({ user_id }) => user_id ?? []);
  }

  /** Deletes a batch of the entries that are older and returns how many they were. */
  async deleteOlderThan(time: number): Promise<number> {
    const deleted = await this.db
      .deleteFrom('audit')
      .where('id', 'in', (eb) =>
        eb.selectFrom('audit').select('id').where('at', '<=', time).limit(SWEEP_BATCH),
      )
      .executeTakeFirst();
    return Number(deleted.numDeletedRows);
  }

  /**
   * The number up to which all entries are committed. PostgreSQL gives numbers before transactions
   * commit: the lock waits for those that have one, and holds up others for the length of one look.
   */
  private async writtenUntil(): Promise<number | undefined> {
    if (isSqlite(this.db)) return undefined;
    return await this.db.transaction().execute(async (trx) => {
      await sql`set local lock_timeout = '2s'`.execute(trx);
      await sql`lock table ${sql.table('audit')} in share mode`.execute(trx);
      const { last } = await trx
        .selectFrom('audit')
        .select(({ fn }) => fn.max('seq').as('last'))
        .executeTakeFirstOrThrow();
      return last ?? 0;
    });
  }
}

export async function insertAudit(db: Database, record: AuditRecord): Promise<void> {
  await insert.all(db, auditRow(record));
}

export function auditRow(record: AuditRecord): AuditRow {
  return {
    id: record.id,
    at: record.at,
    kind: record.kind,
    user_id: record.userId ?? null,
    app_key: record.appKey ?? null,
    device_id: record.deviceId ?? null,
    details: JSON.stringify(record.details),
  };
}

function writtenRecord(row: AuditRow & { seq: number }): WrittenAudit {
  return {
    seq: row.seq,
    id: row.id,
    at: row.at,
    kind: row.kind,
    userId: row.user_id ?? undefined,
    appKey: row.app_key ?? undefined,
    deviceId: row.device_id ?? undefined,
    details: JSON.parse(row.details),
  };
}
