import type {
  AnswerRecord,
  AuditRecord,
  DeliveryRecord,
  PastRequest,
  RequestRecord,
  SessionRecord,
} from '../records.js';
import type { Answered, AnswerStep } from '../repository.js';
import { insertDelivery } from './deliveries.js';
import { lockUser } from './devices.js';
import { isReferenceToNothing } from './references.js';
import {
  answerColumns,
  openOrAnswered,
  REMEMBERED,
  receiptRow,
  requestRecord,
  requestRow,
  sessionRecord,
} from './rows.js';
import type { Database, RequestRow, Step } from './schema.js';
import { insertAudit, reportFraud } from './trail.js';

const ALIVE = ['open', 'pending clear'] as const;

/** Auth requests and the sessions that come of them: one row each, so that one step changes both. */
export class SqlRequests {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async insert(
    request: RequestRecord,
    pendingLimit: number,
  ): Promise<'inserted' | 'taken' | 'full' | 'gone'> {
    try {
      return await this.db
        .transaction()
        .execute((trx) => insertRequest(trx, request, pendingLimit));
    } catch (error) {
      if (isReferenceToNothing(error)) return 'gone';
      throw error;
    }
  }

  async get(authRequest: string): Promise<RequestRecord | PastRequest | undefined> {
    const row = await this.row(authRequest);
    return row && requestRecord(row);
  }

  async pending(userId: string, now: number): Promise<RequestRecord[]> {
    const rows = await this.db
      .selectFrom('requests')
      .selectAll()
      .where('user_id', '=', userId)
      .where('expires_at', '>', now)
      .where('answered_at', 'is', null)
      .orderBy('created_at')
      .orderBy('auth_request')
      .execute();
    return rows.map(openOrAnswered);
  }

  async pendingCount(now: number): Promise<number> {
    const { count } = await this.db
      .selectFrom('requests')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('expires_at', '>', now)
      .where('answered_at', 'is', null)
      .executeTakeFirstOrThrow();
    return count;
  }

  /** Their time is over at once; what was answered in the same moment stays answered. */
  async expireAll(userId: string, now: number): Promise<string[]> {
    const rows = await this.db
      .updateTable('requests')
      .set({ expires_at: now, forget_at: now + REMEMBERED })
      .where('user_id', '=', userId)
      .where('expires_at', '>', now)
      .where('answered_at', 'is', null)
      .returning('auth_request')
      .execute();
    return rows.map((row) => row.auth_request);
  }

  async answer(
    authRequest: string,
    answer: AnswerRecord,
    step: AnswerStep,
  ): Promise<Answered | 'answered' | 'expired' | 'denial only' | undefined> {
    const answered = await this.db.transaction().execute(async (trx) => {
      const { now, event, receipt, audit } = step;
      const row = await this.fill(trx, authRequest, answer, now);
      if (!row) return undefined;
      if (row.session_state === 'open') await endOldest(trx, row, step);
      if (receipt) await trx.insertInto('receipts').values(receiptRow(receipt)).execute();
      if (audit) await insertAudit(trx, audit);
      const fraud = step.fraud && (await reportFraud(trx, row.user_id, now, step.fraud));
      const queued = event === undefined || (await insertDelivery(trx, event, step.eventLimit));
      return { request: openOrAnswered(row), queued, fraud };
    });
    return answered ?? (await this.whyNot(authRequest, step.now));
  }

  async answeredSince(time: number): Promise<string[]> {
    const rows = await this.db
      .selectFrom('requests')
      .select('auth_request')
      .where('answered_at', '>=', time)
      .execute();
    return rows.map((row) => row.auth_request);
  }

  async allowDenialOnly(authRequest: string): Promise<void> {
    await this.db
      .updateTable('requests')
      .set({ denial_only: 1 })
      .where('auth_request', '=', authRequest)
      .where('answered_at', 'is', null)
      .execute();
  }

  async session(authRequest: string): Promise<SessionRecord | undefined> {
    const row = await this.db
      .selectFrom('requests')
      .selectAll()
      .where('auth_request', '=', authRequest)
      .where('session_state', 'in', ALIVE)
      .executeTakeFirst();
    return row && sessionRecord(row);
  }

  async sessions(userId: string): Promise<SessionRecord[]> {
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

  async sweep(now: number): Promise<void> {
    await this.db.deleteFrom('requests').where('forget_at', '<=', now).execute();
  }

  private async row(authRequest: string): Promise<RequestRow | undefined> {
    return await this.db
      .selectFrom('requests')
      .selectAll()
      .where('auth_request', '=', authRequest)
      .executeTakeFirst();
  }

  /** Writes the answer down if there is none yet; the condition decides between two at once. */
  private async fill(trx: Step, authRequest: string, answer: AnswerRecord, now: number) {
    return await trx
      .updateTable('requests')
      .set((eb) => ({
        ...answerColumns(answer),
        ...(answer.approved && {
          session_state: eb
            .case()
            .when('session', '=', 1)
            .then('open' as const)
            .else(null)
            .end(),
          forget_at: eb.case().when('session', '=', 1).then(null).else(eb.ref('forget_at')).end(),
        }),
      }))
      .where('auth_request', '=', authRequest)
      .where('answered_at', 'is', null)
      .where('expires_at', '>', now)
      .$if(answer.approved, (query) => query.where('denial_only', '=', 0))
      .returningAll()
      .executeTakeFirst();
  }

  private async whyNot(authRequest: string, now: number) {
    const request = await this.get(authRequest);
    if (!request) return undefined;
    if ('past' in request) return 'expired';
    if (request.answer) return 'answered';
    return request.expiresAt > now ? 'denial only' : 'expired';
  }
}

/** With the user locked, so that of many at once no more come in than there is room for. */
async function insertRequest(
  trx: Step,
  request: RequestRecord,
  pendingLimit: number,
): Promise<'inserted' | 'taken' | 'full' | 'gone'> {
  if (!(await lockUser(trx, request.userId))) return 'gone';
  const open = await trx
    .selectFrom('requests')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('user_id', '=', request.userId)
    .where('expires_at', '>', request.createdAt)
    .where('answered_at', 'is', null)
    .executeTakeFirstOrThrow();
  if (open.count >= pendingLimit) {
    const taken = await trx
      .selectFrom('requests')
      .select('auth_request')
      .where('auth_request', '=', request.authRequest)
      .executeTakeFirst();
    return taken ? 'taken' : 'full';
  }
  const inserted = await trx
    .insertInto('requests')
    .values(requestRow(request))
    .onConflict((conflict) => conflict.doNothing())
    .returning('auth_request')
    .executeTakeFirst();
  return inserted ? 'inserted' : 'taken';
}

/** The oldest sessions of the user with the application make room for the one that was opened. */
async function endOldest(
  trx: Step,
  { user_id, app_key }: RequestRow,
  { now, sessionLimit }: AnswerStep,
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
        .offset(sessionLimit),
    )
    .execute();
}

/** What is left of a session that has ended: that it was one. */
function endedColumns(now: number) {
  return {
    session_state: 'ended' as const,
    context: null,
    policy: null,
    auth: null,
    forget_at: now + REMEMBERED,
  };
}
