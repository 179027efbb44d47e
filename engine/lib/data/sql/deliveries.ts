import { sql } from 'kysely';
import type { DeliveryPort, DeliveryRecord } from '../ports/deliveries.js';
import { columnsOf, prepared, selectionOf } from './prepared.js';
import { withoutDisk } from './relaxed.js';
import type { Database, DeliveryRow, Step } from './schema.js';

export const DELIVERY_COLUMNS = columnsOf<DeliveryRow>()({
  texts: ['id', 'kind', 'app_key', 'user_id', 'callback_url', 'parameters'],
  numbers: [
    'event_time',
    'created_at',
    'attempts',
    'next_attempt_at',
    'give_up_at',
    'claimed_until',
  ],
});

/** Inserts an event while fewer than `limit` of its application are queued. */
const insertBelow = prepared<DeliveryRow & { limit: number }>()((db, value) => {
  const { names, values } = selectionOf<DeliveryRow>(value, DELIVERY_COLUMNS);
  const queued = db
    .selectFrom('deliveries')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('app_key', '=', value('app_key'));
  return db
    .insertInto('deliveries')
    .columns(names)
    .expression(sql`select ${values} where (${queued}) < ${value('limit')}` as never)
    .returning('id');
});

const claimDue = prepared<{ now: number; limit: number; perApp: number; until: number }>()(
  (db, value) =>
    db
      // The due time of the last of each application's first `perApp` events; later ones are not read.
      .with(
        (cte) => cte('fronts').materialized(),
        (db) =>
          db
            .selectFrom('apps')
            .select(['apps.app_key', 'apps.disabled'])
            .select((eb) =>
              eb.fn
                .coalesce(
                  eb
                    .selectFrom('deliveries as last')
                    .select('last.next_attempt_at')
                    .whereRef('last.app_key', '=', 'apps.app_key')
                    .where('last.next_attempt_at', '<=', value('now'))
                    .where('last.claimed_until', '<=', value('now'))
                    .orderBy('last.next_attempt_at')
                    .limit(1)
                    .offset(sql<number>`${value('perApp')} - 1`),
                  eb.val(value('now')),
                )
                .as('until'),
            ),
      )
      .with('waiting', (db) =>
        db
          .selectFrom('fronts')
          // A cross join, since SQLite reads its tables from left to right.
          .crossJoin('deliveries as one')
          .whereRef('one.app_key', '=', 'fronts.app_key')
          .whereRef('one.next_attempt_at', '<=', 'fronts.until')
          .select(['one.id', 'one.app_key', 'one.next_attempt_at'])
          .select(
            sql<number>`row_number() over (partition by one.app_key order by one.next_attempt_at, one.id)`.as(
              'position',
            ),
          )
          .where('one.claimed_until', '<=', value('now'))
          .where((eb) =>
            eb.or([eb('fronts.disabled', '=', 0), eb('one.give_up_at', '<=', value('now'))]),
          ),
      )
      .updateTable('deliveries')
      .set({ claimed_until: value('until') })
      .where('id', 'in', (eb) =>
        eb
          .selectFrom('waiting')
          .select('waiting.id')
          .where((eb) =>
            eb(
              'position',
              '<=',
              eb(
                eb.val(value('perApp')),
                '-',
                eb
                  .selectFrom('deliveries as sending')
                  .select(({ fn }) => fn.countAll<number>().as('count'))
                  .whereRef('sending.app_key', '=', 'waiting.app_key')
                  .where('sending.claimed_until', '>', value('now')),
              ),
            ),
          )
          .orderBy('waiting.next_attempt_at')
          .orderBy('waiting.id')
          .limit(value('limit')),
      )
      // Checked again, since another process may have claimed it meanwhile.
      .where('claimed_until', '<=', value('now'))
      .where('next_attempt_at', '<=', value('now'))
      .returningAll()
      .returning(withoutDisk(db)),
);

const deleteById = prepared<{ id: string }>()((db, value) =>
  db
    .deleteFrom('deliveries')
    .where('id', '=', value('id'))
    .returning(['id', ...withoutDisk(db)]),
);

/** A claim expires when the process that sends the event dies; then another one sends it again. */
export class SqlDeliveries implements DeliveryPort {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async claim(
    now: number,
    limit: number,
    perApp: number,
    leaseMs: number,
  ): Promise<DeliveryRecord[]> {
    const rows = await claimDue.all(this.db, { now, limit, perApp, until: now + leaseMs });
    return rows.map(deliveryRecord);
  }

  /** Ends all claims; for a process that has the data to itself. */
  async release(): Promise<void> {
    await this.db
      .updateTable('deliveries')
      .set({ claimed_until: 0 })
      .where('claimed_until', '>', 0)
      .execute();
  }

  async reschedule(
    id: string,
    change: Pick<DeliveryRecord, 'attempts' | 'nextAttemptAt' | 'eventTime'>,
  ): Promise<void> {
    await this.db
      .updateTable('deliveries')
      .set({
        attempts: change.attempts,
        next_attempt_at: change.nextAttemptAt,
        event_time: change.eventTime,
        claimed_until: 0,
      })
      .where('id', '=', id)
      .returning(['id', ...withoutDisk(this.db)])
      .execute();
  }

  async delete(id: string): Promise<void> {
    await deleteById.all(this.db, { id });
  }

  async cutWaits(now: number, maxWaitMs: number, maxClaimMs: number): Promise<void> {
    const changes = [
      ['next_attempt_at', now, now + maxWaitMs],
      ['claimed_until', 0, now + maxClaimMs],
    ] as const;
    for (const [column, value, limit] of changes) {
      await this.db
        .updateTable('deliveries')
        .set({ [column]: value })
        .where(column, '>', limit)
        .execute();
    }
  }

  async count(): Promise<number> {
    const { count } = await this.db
      .selectFrom('deliveries')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return count;
  }

  async oldest(): Promise<number | undefined> {
    const { oldest } = await this.db
      .selectFrom('deliveries')
      .select(({ fn }) => fn.min('created_at').as('oldest'))
      .executeTakeFirstOrThrow();
    return oldest ?? undefined;
  }
}

/**
 * Queues an event in the step that it reports. A logout replaces an earlier one. `false` if an answer
 * was not queued, since `limit` events of the application are.
 */
export async function insertDelivery(
  trx: Step,
  delivery: DeliveryRecord,
  limit: number,
  claimedUntil = 0,
): Promise<boolean> {
  const row = { ...deliveryRow(delivery), claimed_until: claimedUntil };
  if (delivery.kind === 'logout') {
    await trx
      .insertInto('deliveries')
      .values(row)
      .onConflict((conflict) =>
        conflict
          .columns(['app_key', 'user_id'])
          .where('kind', '=', sql.lit('logout'))
          .doUpdateSet(row),
      )
      .execute();
    return true;
  }
  return (await insertBelow.first(trx, { ...row, limit })) !== undefined;
}

export function deliveryRow(delivery: DeliveryRecord): DeliveryRow {
  return {
    id: delivery.id,
    kind: delivery.kind,
    app_key: delivery.appKey,
    user_id: delivery.userId,
    callback_url: delivery.callbackUrl,
    parameters: JSON.stringify(delivery.parameters),
    event_time: delivery.eventTime,
    created_at: delivery.createdAt,
    attempts: delivery.attempts,
    next_attempt_at: delivery.nextAttemptAt,
    give_up_at: delivery.giveUpAt,
    claimed_until: 0,
  };
}

function deliveryRecord(row: DeliveryRow): DeliveryRecord {
  return {
    id: row.id,
    kind: row.kind,
    appKey: row.app_key,
    userId: row.user_id,
    callbackUrl: row.callback_url,
    parameters: JSON.parse(row.parameters),
    eventTime: row.event_time,
    createdAt: row.created_at,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    giveUpAt: row.give_up_at,
  };
}
