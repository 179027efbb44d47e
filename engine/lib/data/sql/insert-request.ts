import { type RawBuilder, sql } from 'kysely';
import { BoundedMap } from '../../util/bounded-map.js';
import { asExpected, passesAsExpected } from '../expected-login.js';
import type { AuditRecord } from '../ports/audit.js';
import type { Rate } from '../ports/rates.js';
import type { RequestLimits, RequestRecord } from '../ports/requests.js';
import { roomAfter } from '../rate-windows.js';
import { AUDIT_COLUMNS, auditRow, insertAudit } from './audit.js';
import { expectedUntil, setExpected } from './expected-logins.js';
import { lockUser } from './locks.js';
import { prepared, selectionOf, type ValueOf } from './prepared.js';
import { countedIn, replaceRate, rowAfter, takeRate } from './rates.js';
import { requestByToken } from './request-by-token.js';
import { COLUMNS, requestRow } from './request-rows.js';
import type { Database, RequestRow, Step } from './schema.js';

export type Inserted = 'inserted' | 'taken' | 'full' | 'gone' | { waitMs: number };

/** Users of whom this process knows the latest turn. One that is unknown costs one more statement. */
const MAX_TURNS = 10_000;

/** The key of a user's turn among the rates, before the id. */
export const TURN = 'open ';

/** Inserts a request while fewer than `open` of its user are open and the user is not suspended. */
const insertBelow = prepared<RequestRow & { open: number }>()((db, value) => {
  const { names, values } = selectionOf<RequestRow>(value, COLUMNS);
  return db
    .insertInto('requests')
    .columns(names)
    .expression(
      sql`select ${values} where (${countOpen(db, value)}) < ${value('open')} and not exists ${isSuspended(db, value('user_id'))}` as never,
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

function countOpen(db: Database, value: ValueOf<Pick<RequestRow, 'user_id' | 'created_at'>>) {
  return db
    .selectFrom('requests')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('user_id', '=', value('user_id'))
    .where('expires_at', '>', value('created_at'))
    .where('answered_at', 'is', null)
    .where('withdrawn_at', 'is', null);
}

/** Inserts a request in a transaction, with its user locked so that no limit is exceeded. */
export async function insertInSteps(
  trx: Step,
  request: RequestRecord,
  { open, rate }: RequestLimits,
  audit?: AuditRecord,
): Promise<Inserted> {
  if (!(await lockUser(trx, request.userId))) return 'gone';
  const { authRequest, userId, createdAt } = request;
  const waitMs = rate ? await takeRate(trx, rate, createdAt) : 0;
  if (waitMs > 0 && !(await isExpected(trx, request, rate))) return { waitMs };
  if (await insertBelow.first(trx, { ...requestRow(request), open })) {
    if (waitMs > 0) await setExpected(trx, userId, null);
    if (audit) await insertAudit(trx, waitMs > 0 ? asExpected(audit) : audit);
    return 'inserted';
  }
  if (await requestByToken.first(trx, { authRequest })) return 'taken';
  return (await suspended.first(trx, { userId })) ? 'gone' : 'full';
}

async function isExpected(
  db: Database,
  { userId, createdAt }: RequestRecord,
  rate: Rate | undefined,
): Promise<boolean> {
  const until = rate?.unapproved && (await expectedUntil(db, userId));
  return passesAsExpected(rate, until, createdAt);
}

/** What the statement finds of a row in the table of rates; `null` if there is none. */
interface Found {
  turn: string | null;
  times: string | null;
}

interface InsertValues extends RequestRow {
  open: number;
  turn_key: string;
  turn_before: string | null;
  turn_after: string;
  times_key: string;
  times_before: string | null;
  times_after: string;
  idle_at: number;
}

/** The columns of the audit trail have a prefix. */
type InsertAndAuditValues = InsertValues & Record<`audit ${string}`, string | number | null>;

interface InsertRow extends Found {
  asked: number;
  turns: number;
  counted: number;
  inserted: number;
  taken: boolean;
}

/**
 * Inserts requests in one statement of PostgreSQL.
 *
 * A statement sees the rows of its beginning, so that two at once would count the same open requests.
 * Each request therefore takes the next turn of its user, a row that it replaces only if it is the one
 * that was known before: the later of two at once finds another turn, inserts nothing, and is repeated.
 * What the rate has counted is replaced in the same way. Most requests find neither row or the turn that
 * this process knows, and need no repetition.
 */
export class RequestInserts {
  private readonly db: Database;
  private readonly turns = new BoundedMap<string, string>(MAX_TURNS);

  constructor(db: Database) {
    this.db = db;
  }

  /** Takes note of the user's latest turn, which was read together with something else. */
  learn(userId: string, turn: string | null): void {
    if (turn === null) this.turns.delete(userId);
    else this.turns.set(userId, turn);
  }

  async insert(
    request: RequestRecord,
    limits: RequestLimits,
    audit?: AuditRecord,
  ): Promise<Inserted> {
    const { open, rate } = limits;
    const { userId, authRequest, createdAt } = request;
    let found: Found = { turn: this.turns.get(userId) ?? null, times: null };
    for (let attempt = 0; ; attempt += 1) {
      // Another one each time, since an attempt may take a turn and insert nothing.
      const turn = JSON.stringify([authRequest, attempt]);
      const counting = rate && (await this.count(rate, found.times, createdAt));
      if (typeof counting === 'number') {
        if (!(await isExpected(this.db, request, rate))) return { waitMs: counting };
        return await this.insertExpected(request, limits, audit);
      }
      const row = await statementOf(rate !== undefined, audit !== undefined).first(this.db, {
        ...requestRow(request),
        open,
        turn_key: `${TURN}${userId}`,
        turn_before: found.turn,
        turn_after: turn,
        times_key: rate?.key ?? '',
        times_before: found.times,
        times_after: counting?.times ?? '',
        idle_at: counting?.idle_at ?? request.expiresAt,
        ...auditValues(audit),
      });
      if (!row || row.asked === 0) return 'gone';
      if (row.turns > 0) this.turns.set(userId, turn);
      if (row.inserted > 0) return 'inserted';
      if (row.counted > 0) return row.taken ? 'taken' : 'full';
      found = { turn: row.turns > 0 ? turn : row.turn, times: row.times };
    }
  }

  /** Of two at once, the user is locked by one, and the other finds the login no longer expected. */
  private async insertExpected(
    request: RequestRecord,
    limits: RequestLimits,
    audit: AuditRecord | undefined,
  ): Promise<Inserted> {
    return await this.db.transaction().execute((trx) => insertInSteps(trx, request, limits, audit));
  }

  /** The row of the rate with this request, or how long to wait. */
  private async count({ key, ...limits }: Rate, times: string | null, now: number) {
    const room = roomAfter(countedIn(times), limits, now);
    const next = rowAfter(room, now);
    if (room.wait === 0) return next;
    if (next) await replaceRate(this.db, key, times ?? undefined, next);
    return room.wait;
  }
}

/** By whether a rate is counted and an audit entry is written. */
const statements = [false, true].map((counts) =>
  [false, true].map((audits) => prepareInsert(counts, audits)),
);

function statementOf(counts: boolean, audits: boolean) {
  return statements[Number(counts)]?.[Number(audits)] as ReturnType<typeof prepareInsert>;
}

function prepareInsert(counts: boolean, audits: boolean) {
  return prepared<InsertAndAuditValues>()<InsertRow>((db, value) =>
    insertWhere(db, value, counts ? countRate(value) : sql`select 1 from turn`, audits),
  );
}

function countRate(value: ValueOf<InsertValues>): RawBuilder<unknown> {
  return sql`
    insert into rates (rate_key, times, idle_at)
    select ${value('times_key')}::text, ${value('times_after')}::text, ${value('idle_at')}::bigint from turn
    where ${isKnown(value('times_key'), value('times_before'))}
    on conflict (rate_key) do update set times = excluded.times, idle_at = excluded.idle_at
    where rates.times = ${value('times_before')}
    returning rate_key`;
}

function auditValues(audit: AuditRecord | undefined) {
  const row = audit ? Object.entries(auditRow(audit)) : [];
  return Object.fromEntries(row.map(([name, value]) => [`audit ${name}`, value]));
}

function insertAuditIfInserted(value: ValueOf<InsertAndAuditValues>): RawBuilder<unknown> {
  const ofAudit = <Name extends string>(name: Name) => value(`audit ${name}`);
  const { names, values } = selectionOf(ofAudit as never, AUDIT_COLUMNS);
  return sql`, audited as (
      insert into audit (${sql.join(names.map((name) => sql.ref(name)))})
      select ${values} from inserted
    )`;
}

/** A row that was known and is gone is not inserted as it was, so that a budget stays reset. */
function isKnown(key: string, before: string | null): RawBuilder<boolean> {
  return sql`(${before}::text is null or exists (select from rates where rate_key = ${key} and times = ${before}))`;
}

function insertWhere(
  db: Database,
  value: ValueOf<InsertAndAuditValues>,
  counted: RawBuilder<unknown>,
  audits: boolean,
) {
  const { names, values } = selectionOf<RequestRow>(value, COLUMNS);
  // Locked against a suspension, which waits until it sees the request.
  return sql<InsertRow>`
    with asked as (
      select id from users where id = ${value('user_id')} and suspended_at is null for share
    ), turn as (
      insert into rates (rate_key, times, idle_at)
      select ${value('turn_key')}::text, ${value('turn_after')}::text, ${value('expires_at')}::bigint from asked
      where ${isKnown(value('turn_key'), value('turn_before'))}
      on conflict (rate_key) do update set times = excluded.times, idle_at = excluded.idle_at
      where rates.times = ${value('turn_before')}
      returning rate_key
    ), counted as (${counted}
    ), inserted as (
      insert into requests (${sql.join(names.map((name) => sql.ref(name)))})
      select ${values} from counted where ${countOpen(db, value)} < ${value('open')}
      on conflict do nothing
      returning auth_request
    )${audits ? insertAuditIfInserted(value) : sql``}
    select
      (select count(*) from asked) as asked,
      (select count(*) from turn) as turns,
      (select count(*) from counted) as counted,
      (select count(*) from inserted) as inserted,
      exists (select from requests where auth_request = ${value('auth_request')}) as taken,
      (select times from rates where rate_key = ${value('turn_key')}) as turn,
      (select times from rates where rate_key = ${value('times_key')}) as times`;
}
