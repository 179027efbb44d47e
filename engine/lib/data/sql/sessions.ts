import type { AuditRecord } from '../ports/audit.js';
import type { DeliveryRecord } from '../ports/deliveries.js';
import type { SessionPort, SessionRecord } from '../ports/sessions.js';
import { REMEMBER_PAST_MS, SWEEP_BATCH } from '../retention.js';
import { insertAudit } from './audit.js';
import { insertDelivery } from './deliveries.js';
import { prepared } from './prepared.js';
import type { Database, RequestRow, Step } from './schema.js';

export const ALIVE = ['open', 'pending clear'] as const;
/** An ended session keeps only that it existed. */
export const ENDED = {
  session_state: 'ended',
  context: null,
  policy: null,
  browser: null,
  rate_key: null,
  auth: null,
} as const;

const confirm = prepared<{ authRequest: string; appKey: string }>()((db, value) =>
  db
    .updateTable('requests')
    .set({ confirmed: 1 })
    .where('auth_request', '=', value('authRequest'))
    .where('app_key', '=', value('appKey'))
    .where('session_state', '=', 'open')
    .returning('user_id'),
);

const endBeyond = prepared<{
  userId: string;
  appKey: string;
  limit: number;
  forgetAt: number;
}>()((db, value) =>
  db
    .updateTable('requests')
    .set({ ...ENDED, forget_at: value('forgetAt') })
    .where('auth_request', 'in', (eb) =>
      eb
        .selectFrom('requests')
        .select('auth_request')
        .where('user_id', '=', value('userId'))
        .where('app_key', '=', value('appKey'))
        .where('session_state', 'in', ALIVE)
        .orderBy('answered_at', 'desc')
        .orderBy('created_at', 'desc')
        .limit(1_000_000)
        .offset(value('limit')),
    ),
);

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

  async confirm(authRequest: string, appKey: string): Promise<string | undefined> {
    return (await confirm.first(this.db, { authRequest, appKey }))?.user_id;
  }

  async end(authRequest: string, now: number): Promise<boolean> {
    const ended = await this.db
      .updateTable('requests')
      .set({ ...ENDED, forget_at: now + REMEMBER_PAST_MS })
      .where('auth_request', '=', authRequest)
      .where('session_state', 'in', ALIVE)
      .returning('auth_request')
      .executeTakeFirst();
    return ended !== undefined;
  }

  /** Ends a batch of the sessions that were opened before and returns how many they were. */
  async endOlderThan(time: number, now: number): Promise<number> {
    const ended = await this.db
      .updateTable('requests')
      .set({ ...ENDED, forget_at: now + REMEMBER_PAST_MS })
      .where('auth_request', 'in', (eb) =>
        eb
          .selectFrom('requests')
          .select('auth_request')
          .where('answered_at', '<=', time)
          .where('session_state', 'in', ALIVE)
          .orderBy('answered_at')
          .limit(SWEEP_BATCH),
      )
      .executeTakeFirst();
    return Number(ended.numUpdatedRows);
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
  { user_id: userId, app_key: appKey }: RequestRow,
  limit: number,
  now: number,
): Promise<void> {
  await endBeyond.all(trx, { userId, appKey, limit, forgetAt: now + REMEMBER_PAST_MS });
}

/** The sessions among these rows, oldest first. */
export function sessionsOf(rows: readonly RequestRow[]): SessionRecord[] {
  return rows
    .filter(({ session_state: state }) => state === 'open' || state === 'pending clear')
    .map(sessionRecord)
    .sort((a, b) => a.openedAt - b.openedAt);
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
