import type { AuditPort, AuditRecord } from '../ports/audit.js';
import { columnsOf, prepared, rowOf } from './prepared.js';
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

  async list({ userId, limit }: { userId?: string; limit: number }): Promise<AuditRecord[]> {
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

function auditRecord(row: AuditRow): AuditRecord {
  return {
    id: row.id,
    at: row.at,
    kind: row.kind,
    userId: row.user_id ?? undefined,
    appKey: row.app_key ?? undefined,
    deviceId: row.device_id ?? undefined,
    details: JSON.parse(row.details),
  };
}
