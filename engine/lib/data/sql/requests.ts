import { sql } from 'kysely';
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
import { REMEMBER_BROWSER_MS, REMEMBER_PAST_MS } from '../retention.js';
import { insertAudit } from './audit.js';
import { insertDelivery } from './deliveries.js';
import { reportFraud } from './fraud.js';
import { lockUser } from './locks.js';
import { columnsOf, prepared, rowOf, selectionOf } from './prepared.js';
import { resetRate, takeRate, withdrawRate } from './rates.js';
import { insertReceipt } from './receipts.js';
import { orGone } from './references.js';
import type { Database, RequestRow, Step } from './schema.js';
import { ALIVE, endOldestSessions } from './sessions.js';

const COLUMNS = columnsOf<RequestRow>()({
  texts: [
    'auth_request',
    'app_key',
    'app_name',
    'key_id',
    'user_id',
    'username',
    'context',
    'policy',
    'number',
    'numbers',
    'browser',
    'rate_key',
    'reason',
    'auth',
    'user_hash',
    'user_push_id',
    'organization_user',
    'session_state',
  ],
  numbers: [
    'session',
    'wants_push_id',
    'created_at',
    'expires_at',
    'denial_only',
    'answered_at',
    'approved',
    'confirmed',
    'withdrawn_at',
    'forget_at',
  ],
});

/** Inserts a request while fewer than `open` of its user are open and the user is not suspended. */
const insertBelow = prepared<RequestRow & { open: number }>()((db, value) => {
  const { names, values } = selectionOf<RequestRow>(value, COLUMNS);
  const open = db
    .selectFrom('requests')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('user_id', '=', value('user_id'))
    .where('expires_at', '>', value('created_at'))
    .where('answered_at', 'is', null)
    .where('withdrawn_at', 'is', null);
  return db
    .insertInto('requests')
    .columns(names)
    .expression(
      sql`select ${values} where (${open}) < ${value('open')} and not exists ${isSuspended(db, value('user_id'))}` as never,
    )
    .onConflict((conflict) => conflict.doNothing())
    .returning('auth_request');
});

const suspended = prepared<{ userId: string }>()((db, value) => isSuspended(db, value('userId')));

function isSuspended(db: Database, userId: string) {
  return db
    .selectFrom('users')
    .select('id')
    .where('id', '=', userId)
    .where('suspended_at', 'is not', null);
}

const byToken = prepared<{ authRequest: string }>()((db, value) =>
  db.selectFrom('requests').selectAll().where('auth_request', '=', value('authRequest')),
);

type AnswerColumns = ReturnType<typeof answerColumns>;

const ANSWER_COLUMNS = columnsOf<AnswerColumns>()({
  texts: ['reason', 'auth', 'user_hash', 'user_push_id', 'organization_user'],
  numbers: ['answered_at', 'approved'],
});

type AnswerValues = AnswerColumns & { authRequest: string; now: number };

/** Records the answer of an open request; the condition decides between two answers at once. */
const deny = prepared<AnswerValues>()((db, value) => fill(db, value).returningAll());

const approve = prepared<AnswerValues>()((db, value) =>
  fill(db, value)
    .set((eb) => ({
      session_state: eb
        .case()
        .when('session', '=', 1)
        .then('open' as const)
        .else(null)
        .end(),
      forget_at: eb.case().when('session', '=', 1).then(null).else(eb.ref('forget_at')).end(),
    }))
    .where('denial_only', '=', 0)
    .returningAll(),
);

function fill(
  db: Database,
  value: <Name extends keyof AnswerValues>(name: Name) => AnswerValues[Name],
) {
  return db
    .updateTable('requests')
    .set(rowOf<AnswerColumns>(value, ANSWER_COLUMNS))
    .where('auth_request', '=', value('authRequest'))
    .where('answered_at', 'is', null)
    .where('withdrawn_at', 'is', null)
    .where('expires_at', '>', value('now'));
}

/** The user's requests that are open, whose session lives, or that were withdrawn since then. */
export const shownToUser = prepared<{ userId: string; now: number; withdrawnSince: number }>()(
  (db, value) =>
    db
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
      .orderBy('auth_request'),
);

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

  constructor(db: Database) {
    this.db = db;
  }

  async insert(
    request: RequestRecord,
    limits: RequestLimits,
  ): Promise<'inserted' | 'taken' | 'full' | 'gone' | { waitMs: number }> {
    return await orGone(() =>
      this.db.transaction().execute((trx) => insertRequest(trx, request, limits)),
    );
  }

  async get(authRequest: string): Promise<RequestRecord | PastRequest | undefined> {
    const row = await byToken.first(this.db, { authRequest });
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
    const answered = await this.db.transaction().execute(async (trx) => {
      const { now, event, receipt, audit } = step;
      const values = { ...answerColumns(answer), authRequest, now };
      const row = await (answer.approved ? approve : deny).first(trx, values);
      if (!row) return undefined;
      if (answer.approved && step.resetsRate && row.rate_key) await resetRate(trx, row.rate_key);
      if (row.session_state === 'open') await endOldestSessions(trx, row, step.sessionLimit, now);
      if (receipt) await insertReceipt(trx, receipt);
      if (audit) await insertAudit(trx, audit);
      const fraud = step.fraud && (await reportFraud(trx, row, now, step.fraud));
      const claimedUntil = step.eventLeaseMs === undefined ? 0 : now + step.eventLeaseMs;
      const queued =
        event === undefined || (await insertDelivery(trx, event, step.eventLimit, claimedUntil));
      return { request: openOrAnswered(row), queued, fraud };
    });
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

  async sweep(now: number): Promise<void> {
    await this.db.deleteFrom('requests').where('forget_at', '<=', now).execute();
    await this.db
      .updateTable('requests')
      .set({ browser: null, rate_key: null })
      .where('browser', 'is not', null)
      .where('created_at', '<=', now - REMEMBER_BROWSER_MS)
      .execute();
  }

  private async whyNot(authRequest: string, now: number) {
    const request = await this.get(authRequest);
    if (!request) return undefined;
    if ('past' in request) return request.withdrawn ? 'withdrawn' : 'expired';
    if (request.answer) return 'answered';
    return request.expiresAt > now ? 'denial only' : 'expired';
  }
}

/** Locks the user, so that inserts at once cannot exceed a limit. */
async function insertRequest(
  trx: Step,
  request: RequestRecord,
  { open, rate }: RequestLimits,
): Promise<'inserted' | 'taken' | 'full' | 'gone' | { waitMs: number }> {
  if (!(await lockUser(trx, request.userId))) return 'gone';
  const waitMs = rate ? await takeRate(trx, rate, request.createdAt) : 0;
  if (waitMs > 0) return { waitMs };
  if (await insertBelow.first(trx, { ...requestRow(request), open })) return 'inserted';
  const { authRequest, userId } = request;
  if (await byToken.first(trx, { authRequest })) return 'taken';
  return (await suspended.first(trx, { userId })) ? 'gone' : 'full';
}

function requestRow(request: RequestRecord): RequestRow {
  return {
    auth_request: request.authRequest,
    app_key: request.appKey,
    app_name: request.appName,
    key_id: request.keyId ?? null,
    user_id: request.userId,
    username: request.username,
    session: Number(request.session),
    wants_push_id: Number(request.userPushId),
    context: request.context ?? null,
    policy: request.policy ? JSON.stringify(request.policy) : null,
    browser: request.browser ? JSON.stringify(request.browser) : null,
    rate_key: request.rateKey ?? null,
    number: request.number ?? null,
    numbers: request.numbers ? JSON.stringify(request.numbers) : null,
    created_at: request.createdAt,
    expires_at: request.expiresAt,
    denial_only: 0,
    answered_at: null,
    approved: null,
    reason: null,
    auth: null,
    user_hash: null,
    user_push_id: null,
    organization_user: null,
    session_state: null,
    confirmed: 0,
    withdrawn_at: null,
    forget_at: request.expiresAt + REMEMBER_PAST_MS,
  };
}

function requestRecord(row: RequestRow): RequestRecord | PastRequest {
  if (row.session_state === 'ended') return { past: true, appKey: row.app_key, hadSession: true };
  if (row.withdrawn_at === null) return openOrAnswered(row);
  return { past: true, appKey: row.app_key, hadSession: false, withdrawn: true };
}

function withdrawnRecord(row: RequestRow): WithdrawnRequest {
  const withdrawnAt = row.withdrawn_at ?? row.expires_at;
  return { ...openOrAnswered(row), withdrawnAt, reported: row.reason !== null };
}

function openOrAnswered(row: RequestRow): RequestRecord {
  return {
    authRequest: row.auth_request,
    appKey: row.app_key,
    appName: row.app_name,
    keyId: row.key_id ?? undefined,
    userId: row.user_id,
    username: row.username,
    session: row.session === 1,
    userPushId: row.wants_push_id === 1,
    context: row.context ?? undefined,
    policy: row.policy === null ? undefined : JSON.parse(row.policy),
    browser: row.browser === null ? undefined : JSON.parse(row.browser),
    rateKey: row.rate_key ?? undefined,
    number: row.number ?? undefined,
    numbers: row.numbers === null ? undefined : JSON.parse(row.numbers),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    denialOnly: row.denial_only === 1 || undefined,
    answer: answerRecord(row),
    sessionState: row.session_state === 'ended' ? undefined : (row.session_state ?? undefined),
  };
}

function answerRecord(row: RequestRow): AnswerRecord | undefined {
  if (row.answered_at === null) return undefined;
  return {
    approved: row.approved === 1,
    reason: (row.reason as AnswerRecord['reason']) ?? undefined,
    auth: row.auth ?? '',
    userHash: row.user_hash ?? '',
    userPushId: row.user_push_id ?? undefined,
    organizationUser: row.organization_user ?? undefined,
    answeredAt: row.answered_at,
  };
}

/** The columns that an answer sets. */
function answerColumns(answer: AnswerRecord) {
  return {
    answered_at: answer.answeredAt,
    approved: Number(answer.approved),
    reason: answer.reason ?? null,
    auth: answer.auth,
    user_hash: answer.userHash,
    user_push_id: answer.userPushId ?? null,
    organization_user: answer.organizationUser ?? null,
  };
}
