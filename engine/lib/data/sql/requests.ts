import { expiryOf } from '../expired-requests.js';
import type { AuditRecord } from '../ports/audit.js';
import type { FraudRecord } from '../ports/fraud.js';
import type {
  Answered,
  AnswerRecord,
  AnswerStep,
  PastRequest,
  ReportStep,
  RequestLimits,
  RequestPort,
  RequestRecord,
  WithdrawnRequest,
} from '../ports/requests.js';
import { REMEMBER_BROWSER_MS, REMEMBER_PAST_MS, SWEEP_BATCH } from '../retention.js';
import { answerAtOnce, answerInSteps } from './answer-request.js';
import { insertAudit } from './audit.js';
import { reportFraud } from './fraud.js';
import { insertInSteps, RequestInserts } from './insert-request.js';
import { lockUser } from './locks.js';
import { prepared, type ValueOf } from './prepared.js';
import { withdrawRate } from './rates.js';
import { orGone } from './references.js';
import { isSqlite } from './relaxed.js';
import { requestByToken } from './request-by-token.js';
import { openOrAnswered, requestRecord, withdrawnRecord } from './request-rows.js';
import type { Database, RequestRow } from './schema.js';
import { ALIVE } from './sessions.js';

/** Expired requests that are written to the audit trail in one step. */
const MAX_EXPIRIES = 1000;

/** The requests that expired unanswered, and are not in the audit trail. */
function expired(db: Database, now: number) {
  return db
    .selectFrom('requests')
    .select('auth_request')
    .where('expires_at', '<=', now)
    .where('answered_at', 'is', null)
    .where('withdrawn_at', 'is', null)
    .where('expired_at', 'is', null);
}

interface ShownValues {
  userId: string;
  now: number;
  withdrawnSince: number;
}

/** The user's requests that are open, whose session lives, or that were withdrawn since then. */
export function selectShown(db: Database, value: ValueOf<ShownValues>) {
  return db
    .selectFrom('requests')
    .selectAll()
    .where('user_id', '=', value('userId'))
    .where((eb) =>
      eb.or([
        eb('session_state', 'in', ALIVE),
        eb.and([eb('answered_at', 'is', null), eb('expires_at', '>', value('now'))]),
        eb('withdrawn_at', '>', value('withdrawnSince')),
      ]),
    )
    .orderBy('created_at')
    .orderBy('auth_request');
}

export const shownToUser = prepared<ShownValues>()(selectShown);

/** The open requests among these rows. */
export function openRequests(rows: readonly RequestRow[]): RequestRecord[] {
  return rows
    .filter(({ answered_at, withdrawn_at }) => answered_at === null && withdrawn_at === null)
    .map(openOrAnswered);
}

/** The latest withdrawn requests among these rows, at most `limit`, oldest first. */
export function withdrawnRequests(
  rows: readonly RequestRow[],
  since: number,
  limit: number,
): WithdrawnRequest[] {
  return rows
    .filter(({ withdrawn_at }) => withdrawn_at !== null && withdrawn_at > since)
    .map(withdrawnRecord)
    .sort((a, b) => a.withdrawnAt - b.withdrawnAt)
    .slice(-limit);
}

export class SqlRequests implements RequestPort {
  private readonly db: Database;
  /** In PostgreSQL only. */
  private readonly inserts: RequestInserts | undefined;

  constructor(db: Database) {
    this.db = db;
    if (!isSqlite(db)) this.inserts = new RequestInserts(db);
  }

  async insert(
    request: RequestRecord,
    limits: RequestLimits,
    audit?: AuditRecord,
  ): Promise<'inserted' | 'taken' | 'full' | 'gone' | { waitMs: number }> {
    return await orGone(() =>
      this.inserts
        ? this.inserts.insert(request, limits, audit)
        : this.db.transaction().execute((trx) => insertInSteps(trx, request, limits, audit)),
    );
  }

  /** See {@link RequestInserts.learn}. */
  learn(userId: string, turn: string | null): void {
    this.inserts?.learn(userId, turn);
  }

  async get(authRequest: string): Promise<RequestRecord | PastRequest | undefined> {
    const row = await requestByToken.first(this.db, { authRequest });
    return row && requestRecord(row);
  }

  async listOpen(userId: string, now: number): Promise<RequestRecord[]> {
    const rows = await this.db
      .selectFrom('requests')
      .selectAll()
      .where('user_id', '=', userId)
      .where('expires_at', '>', now)
      .where('answered_at', 'is', null)
      .where('withdrawn_at', 'is', null)
      .orderBy('created_at')
      .orderBy('auth_request')
      .execute();
    return rows.map(openOrAnswered);
  }

  async countOpen(now: number): Promise<number> {
    const { count } = await this.db
      .selectFrom('requests')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('expires_at', '>', now)
      .where('answered_at', 'is', null)
      .where('withdrawn_at', 'is', null)
      .executeTakeFirstOrThrow();
    return count;
  }

  async expireOpen(userId: string, now: number): Promise<string[]> {
    const rows = await this.db
      .updateTable('requests')
      .set({ expires_at: now, forget_at: now + REMEMBER_PAST_MS })
      .where('user_id', '=', userId)
      .where('expires_at', '>', now)
      .where('answered_at', 'is', null)
      .where('withdrawn_at', 'is', null)
      .returning('auth_request')
      .execute();
    return rows.map((row) => row.auth_request);
  }

  async answer(
    authRequest: string,
    answer: AnswerRecord,
    step: AnswerStep,
  ): Promise<Answered | 'answered' | 'expired' | 'withdrawn' | 'denial only' | undefined> {
    // A report of fraud reads what it changes.
    const answered =
      isSqlite(this.db) || step.fraud
        ? await this.db
            .transaction()
            .execute((trx) => answerInSteps(trx, authRequest, answer, step))
        : await answerAtOnce(this.db, authRequest, answer, step);
    return answered ?? (await this.whyNot(authRequest, step.now));
  }

  async allowDenialOnly(authRequest: string): Promise<void> {
    await this.db
      .updateTable('requests')
      .set({ denial_only: 1 })
      .where('auth_request', '=', authRequest)
      .where('answered_at', 'is', null)
      .execute();
  }

  async withdraw(
    authRequest: string,
    audit: AuditRecord,
    now: number,
  ): Promise<'taken back' | 'answered' | 'expired' | 'withdrawn' | undefined> {
    const withdrawn = await this.db.transaction().execute(async (trx) => {
      const row = await trx
        .updateTable('requests')
        .set({ withdrawn_at: now, expires_at: now, forget_at: now + REMEMBER_PAST_MS })
        .where('auth_request', '=', authRequest)
        .where('answered_at', 'is', null)
        .where('withdrawn_at', 'is', null)
        .where('expires_at', '>', now)
        .returning(['user_id', 'rate_key', 'created_at'])
        .executeTakeFirst();
      if (!row) return undefined;
      await insertAudit(trx, audit);
      if (row.rate_key === null) return row;
      // The request is locked before the user, in the order in which deletions lock them.
      await lockUser(trx, row.user_id);
      await withdrawRate(trx, row.rate_key, row.created_at);
      return row;
    });
    if (withdrawn) return 'taken back';
    const why = await this.whyNot(authRequest, now);
    return why === 'denial only' ? 'expired' : why;
  }

  async listWithdrawn(userId: string, since: number, limit: number): Promise<WithdrawnRequest[]> {
    const rows = await this.db
      .selectFrom('requests')
      .selectAll()
      .where('user_id', '=', userId)
      // A withdrawal ends the life of a request: its user's index finds both by one range.
      .where('expires_at', '>', since)
      .where('withdrawn_at', '>', since)
      .orderBy('withdrawn_at', 'desc')
      .orderBy('auth_request', 'desc')
      .limit(limit)
      .execute();
    return rows.map(withdrawnRecord).reverse();
  }

  async reportWithdrawn(
    authRequest: string,
    userId: string,
    { now, since, fraud }: ReportStep,
  ): Promise<FraudRecord | 'reported' | undefined> {
    return await this.db.transaction().execute(async (trx) => {
      const own = trx
        .updateTable('requests')
        .set({ reason: 'fraudulent' })
        .where('auth_request', '=', authRequest)
        .where('user_id', '=', userId)
        .where('withdrawn_at', '>', since)
        .returning(['user_id', 'rate_key']);
      const row = await own.where('reason', 'is', null).executeTakeFirst();
      if (row) return await reportFraud(trx, row, now, fraud);
      return (await own.executeTakeFirst()) ? 'reported' : undefined;
    });
  }

  async endedSince(time: number): Promise<string[]> {
    const rows = await this.db
      .selectFrom('requests')
      .select('auth_request')
      .where((eb) => eb.or([eb('answered_at', '>=', time), eb('withdrawn_at', '>=', time)]))
      .execute();
    return rows.map((row) => row.auth_request);
  }

  /** Deletes a batch of past requests and returns how many they were. */
  async forget(now: number): Promise<number> {
    await this.writeExpiries(now);
    const deleted = await this.db
      .deleteFrom('requests')
      .where('auth_request', 'in', (eb) =>
        eb
          .selectFrom('requests')
          .select('auth_request')
          .where('forget_at', '<=', now)
          .limit(SWEEP_BATCH),
      )
      .executeTakeFirst();
    return Number(deleted.numDeletedRows);
  }

  async sweep(now: number): Promise<void> {
    await this.db
      .updateTable('requests')
      .set({ browser: null, rate_key: null })
      .where('browser', 'is not', null)
      .where('created_at', '<=', now - REMEMBER_BROWSER_MS)
      .execute();
  }

  /** Before expired requests are forgotten. Of several processes one writes each entry. */
  private async writeExpiries(now: number): Promise<void> {
    while (await this.hasExpired(now)) {
      const written = await this.db.transaction().execute(async (trx) => {
        const rows = await trx
          .updateTable('requests')
          .set((eb) => ({ expired_at: eb.ref('expires_at') }))
          .where('auth_request', 'in', expired(trx, now).limit(MAX_EXPIRIES))
          .where('expired_at', 'is', null)
          .where('answered_at', 'is', null)
          .returning(['user_id', 'app_key', 'expires_at'])
          .execute();
        for (const { user_id: userId, app_key: appKey, expires_at: expiresAt } of rows) {
          await insertAudit(trx, expiryOf({ userId, appKey, expiresAt }));
        }
        return rows.length;
      });
      if (written < MAX_EXPIRIES) return;
    }
  }

  private async hasExpired(now: number): Promise<boolean> {
    return (await expired(this.db, now).limit(1).executeTakeFirst()) !== undefined;
  }

  private async whyNot(authRequest: string, now: number) {
    const request = await this.get(authRequest);
    if (!request) return undefined;
    if ('past' in request) return request.withdrawn ? 'withdrawn' : 'expired';
    if (request.answer) return 'answered';
    return request.expiresAt > now ? 'denial only' : 'expired';
  }
}
