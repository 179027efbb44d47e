import type { AuditRecord } from '../ports/audit.js';
import type { DeliveryRecord } from '../ports/deliveries.js';
import type { SessionPort, SessionRecord } from '../ports/sessions.js';
import { REMEMBER_PAST_MS } from '../retention.js';
import { insertAudit } from './audit.js';
import { insertDelivery } from './deliveries.js';
import type { Database, RequestRow, Step } from './schema.js';

const ALIVE = ['open', 'pending clear'] as const;

/** A session is part of the row of its auth request, so that one statement changes both. */
export class SqlSessions implements SessionPort {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async get(authRequest: string): Promise<SessionRecord | undefined> {
    const row = await this.db
      .selectFrom('requests')
      .selectAll()
      .where('auth_request', '=', authRequest)
      .where('session_state', 'in', ALIVE)
      .executeTakeFirst();
    return row && sessionRecord(row);
  }

  async list(userId: string): Promise<SessionRecord[]> {
    const rows = await this.db
      .selectFrom('requests')
      .selectAll()
      .where('user_id', '=', userId)
      .where('session_state', 'in', ALIVE)
      .orderBy('answered_at')
      .orderBy('created_at')
      .execute();
    return rows.map(sessionRecord);
  }

  async confirm(authRequest: string): Promise<boolean> {
    const confirmed = await this.db
      .updateTable('requests')
      .set({ confirmed: 1 })
      .where('auth_request', '=', authRequest)
      .where('session_state', '=', 'open')
      .returning('auth_request')
      .executeTakeFirst();
    return confirmed !== undefined;
  }

  async end(authRequest: string, now: number): Promise<boolean> {
    const ended = await this.db
      .updateTable('requests')
      .set(endedColumns(now))
      .where('auth_request', '=', authRequest)
      .where('session_state', 'in', ALIVE)
      .returning('auth_request')
      .executeTakeFirst();
    return ended !== undefined;
  }

  async clear(
    userId: string,
    appKey: string,
    audit: AuditRecord,
    event?: DeliveryRecord,
  ): Promise<SessionRecord[]> {
    return await this.db.transaction().execute(async (trx) => {
      const rows = await trx
        .updateTable('requests')
        .set({ session_state: 'pending clear' })
        .where('user_id', '=', userId)
        .where('app_key', '=', appKey)
        .where('session_state', 'in', ALIVE)
        .returningAll()
        .execute();
      if (rows.length > 0) await insertAudit(trx, audit);
      if (rows.length > 0 && event) await insertDelivery(trx, event, 0);
      return rows.map(sessionRecord).sort((a, b) => a.openedAt - b.openedAt);
    });
  }
}

/** Ends the user's oldest sessions with the application beyond `limit`. */
export async function endOldestSessions(
  trx: Step,
  { user_id, app_key }: RequestRow,
  limit: number,
  now: number,
): Promise<void> {
  await trx
    .updateTable('requests')
    .set(endedColumns(now))
    .where('auth_request', 'in', (eb) =>
      eb
        .selectFrom('requests')
        .select('auth_request')
        .where('user_id', '=', user_id)
        .where('app_key', '=', app_key)
        .where('session_state', 'in', ALIVE)
        .orderBy('answered_at', 'desc')
        .orderBy('created_at', 'desc')
        .limit(1_000_000)
        .offset(limit),
    )
    .execute();
}

/** An ended session keeps only that it existed. */
function endedColumns(now: number) {
  return {
    session_state: 'ended' as const,
    context: null,
    policy: null,
    browser: null,
    auth: null,
    forget_at: now + REMEMBER_PAST_MS,
  };
}

function sessionRecord(row: RequestRow): SessionRecord {
  return {
    authRequest: row.auth_request,
    appKey: row.app_key,
    appName: row.app_name,
    userId: row.user_id,
    context: row.context ?? undefined,
    openedAt: row.answered_at ?? row.created_at,
    state: row.session_state === 'open' ? 'open' : 'pending clear',
    confirmed: row.confirmed === 1,
  };
}
