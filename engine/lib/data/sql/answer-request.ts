import { type RawBuilder, sql } from 'kysely';
import type { Answered, AnswerRecord, AnswerStep } from '../ports/requests.js';
import { REMEMBER_PAST_MS } from '../retention.js';
import { AUDIT_COLUMNS, auditRow, insertAudit } from './audit.js';
import { DELIVERY_COLUMNS, deliveryRow, insertDelivery } from './deliveries.js';
import { reportFraud } from './fraud.js';
import { type Columns, columnsOf, prepared, rowOf, selectionOf, type ValueOf } from './prepared.js';
import { resetRate } from './rates.js';
import { insertReceipt, RECEIPT_COLUMNS, receiptRow } from './receipts.js';
import { openOrAnswered } from './request-rows.js';
import type { Database, RequestRow, Step } from './schema.js';
import { ALIVE, ENDED, endOldestSessions } from './sessions.js';

type AnswerColumns = ReturnType<typeof answerColumns>;

const ANSWER_COLUMNS = columnsOf<AnswerColumns>()({
  texts: ['reason', 'auth', 'user_hash', 'user_push_id', 'organization_user'],
  numbers: ['answered_at', 'approved'],
});

type AnswerValues = AnswerColumns & { authRequest: string; now: number };

/** Records the answer of an open request; the condition decides between two answers at once. */
const deny = prepared<AnswerValues>()((db, value) => fill(db, value).returningAll());

/** `alive` may or may not count the session that this approval opens. */
const approve = prepared<AnswerValues>()((db, value) =>
  approval(db, value)
    .returningAll()
    .returning((eb) =>
      eb
        .selectFrom('requests as one')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .whereRef('one.user_id', '=', 'requests.user_id')
        .whereRef('one.app_key', '=', 'requests.app_key')
        .where('one.session_state', 'in', ALIVE)
        .as('alive'),
    ),
);

function approval(db: Database, value: ValueOf<AnswerValues>) {
  return fill(db, value)
    .set((eb) => ({
      session_state: eb
        .case()
        .when('session', '=', 1)
        .then('open' as const)
        .else(null)
        .end(),
      forget_at: eb.case().when('session', '=', 1).then(null).else(eb.ref('forget_at')).end(),
    }))
    .where('denial_only', '=', 0);
}

function fill(db: Database, value: ValueOf<AnswerValues>) {
  return db
    .updateTable('requests')
    .set(rowOf<AnswerColumns>(value, ANSWER_COLUMNS))
    .where('auth_request', '=', value('authRequest'))
    .where('answered_at', 'is', null)
    .where('withdrawn_at', 'is', null)
    .where('expires_at', '>', value('now'));
}

/** Records an answer in a transaction; `undefined` if the request is not open. */
export async function answerInSteps(
  trx: Step,
  authRequest: string,
  answer: AnswerRecord,
  step: AnswerStep,
): Promise<Answered | undefined> {
  const { now, event, receipt, audit } = step;
  const values = { ...answerColumns(answer), authRequest, now };
  const row = await (answer.approved ? approve : deny).first(trx, values);
  if (!row) return undefined;
  if (answer.approved && step.resetsRate && row.rate_key) await resetRate(trx, row.rate_key);
  const isFull = 'alive' in row && Number(row.alive) >= step.sessionLimit;
  if (row.session_state === 'open' && isFull) {
    await endOldestSessions(trx, row, step.sessionLimit, now);
  }
  if (receipt) await insertReceipt(trx, receipt);
  if (audit) await insertAudit(trx, audit);
  const fraud = step.fraud && (await reportFraud(trx, row, now, step.fraud));
  const queued =
    event === undefined || (await insertDelivery(trx, event, step.eventLimit, claimedUntil(step)));
  return { request: openOrAnswered(row), queued, fraud };
}

/** Records an answer in one statement of PostgreSQL. A report of fraud needs {@link answerInSteps}. */
export async function answerAtOnce(
  db: Database,
  authRequest: string,
  answer: AnswerRecord,
  step: AnswerStep,
): Promise<Answered | undefined> {
  const { now, event, receipt, audit } = step;
  const parts: Part[] = [];
  if (answer.approved) parts.push('approval');
  if (answer.approved && step.resetsRate) parts.push('reset');
  if (receipt) parts.push('receipt');
  if (audit) parts.push('audit');
  if (event) parts.push('event');
  const row = await statementOf(parts).first(db, {
    ...answerColumns(answer),
    authRequest,
    now,
    sessionsKept: Math.max(0, step.sessionLimit - 1),
    forgetAt: now + REMEMBER_PAST_MS,
    eventLimit: step.eventLimit,
    ...prefixed('receipt', receipt && receiptRow(receipt)),
    ...prefixed('audit', audit && auditRow(audit)),
    ...prefixed('event', event && { ...deliveryRow(event), claimed_until: claimedUntil(step) }),
  } as AtOnceValues);
  return row && { request: openOrAnswered(row), queued: event === undefined || row.queued > 0 };
}

function claimedUntil({ now, eventLeaseMs }: AnswerStep): number {
  return eventLeaseMs === undefined ? 0 : now + eventLeaseMs;
}

/** What a statement does besides recording the answer. */
type Part = 'approval' | 'reset' | 'receipt' | 'audit' | 'event';

/** The columns of the other tables have a prefix. */
type AtOnceValues = AnswerValues & {
  sessionsKept: number;
  forgetAt: number;
  eventLimit: number;
} & Record<`${Part} ${string}`, string | number | null>;

type AtOnceRow = RequestRow & { queued: number };

function prefixed(part: Part, row: object = {}): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [`${part} ${name}`, value]));
}

/** By their parts, of which a few combinations exist. */
const statements = new Map<string, ReturnType<typeof prepareStatement>>();

function statementOf(parts: readonly Part[]) {
  const key = parts.join(' ');
  const statement = statements.get(key) ?? prepareStatement(new Set(parts));
  statements.set(key, statement);
  return statement;
}

function prepareStatement(parts: ReadonlySet<Part>) {
  return prepared<AtOnceValues>()<AtOnceRow>((db, value) => {
    const answered = (parts.has('approval') ? approval(db, value) : fill(db, value)).returningAll();
    const steps: RawBuilder<unknown>[] = [sql`answered as (${answered})`];
    if (parts.has('approval')) steps.push(sql`ended as (${endSessions(value)})`);
    if (parts.has('reset')) {
      steps.push(sql`reset as (
        delete from rates where rate_key = (select rate_key from answered)
      )`);
    }
    if (parts.has('receipt')) steps.push(insertion('receipt', 'receipts', value, RECEIPT_COLUMNS));
    if (parts.has('audit')) steps.push(insertion('audit', 'audit', value, AUDIT_COLUMNS));
    if (parts.has('event')) {
      const queued = sql`(select count(*) from deliveries where app_key = ${value('event app_key')})`;
      const below = sql`where ${queued} < ${value('eventLimit')}`;
      steps.push(insertion('event', 'deliveries', value, DELIVERY_COLUMNS, below));
    }
    const queued = parts.has('event') ? sql`(select count(*) from event)` : sql`0`;
    return sql<AtOnceRow>`with ${sql.join(steps)} select answered.*, ${queued} as queued from answered`;
  });
}

/** Inserts one row if the request was answered. */
function insertion(
  part: Part,
  table: string,
  value: ValueOf<AtOnceValues>,
  columns: Columns<string, string>,
  where: RawBuilder<unknown> = sql``,
): RawBuilder<unknown> {
  const { names, values } = selectionOf<Record<string, string | number | null>>(
    (name) => value(`${part} ${name}`),
    columns,
  );
  const inserted = sql.join(names.map((name) => sql.ref(name)));
  return sql`${sql.ref(part)} as (
    insert into ${sql.table(table)} (${inserted}) select ${values} from answered ${where}
    returning ${sql.ref(names[0] as string)}
  )`;
}

/** Ends the oldest sessions beyond the limit; the one that opens is not among the rows of this moment. */
function endSessions(value: ValueOf<AtOnceValues>): RawBuilder<unknown> {
  const ended = Object.entries(ENDED).map(([name, end]) => sql`${sql.ref(name)} = ${sql.lit(end)}`);
  const alive = sql.join(ALIVE.map((state) => sql.lit(state)));
  return sql`
    update requests set ${sql.join(ended)}, forget_at = ${value('forgetAt')}
    where auth_request in (
      select one.auth_request from requests as one, answered
      where answered.session_state = 'open' and one.user_id = answered.user_id
        and one.app_key = answered.app_key and one.session_state in (${alive})
      order by one.answered_at desc, one.created_at desc
      offset ${value('sessionsKept')}
    )`;
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
