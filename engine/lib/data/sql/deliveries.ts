import { sql } from 'kysely';
import type { DeliveryRecord } from '../records.js';
import { deliveryRecord, deliveryRow } from './rows.js';
import type { Database, Step } from './schema.js';

/**
 * The queue of events. Who sends one has claimed it for a while; if that process dies, the claim runs
 * out and another one sends it, under the same id.
 */
export class SqlDeliveries {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async claim(
    now: number,
    limit: number,
    perApp: number,
    lease: number,
  ): Promise<DeliveryRecord[]> {
    const rows = await this.db
      // How far the first ones of each application go: of all that wait, no more than those are read.
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
                    .where('last.next_attempt_at', '<=', now)
                    .where('last.claimed_until', '<=', now)
                    .orderBy('last.next_attempt_at')
                    .limit(1)
                    .offset(perApp - 1),
                  eb.val(now),
                )
                .as('until'),
            ),
      )
      .with('waiting', (db) =>
        db
          .selectFrom('fronts')
          // SQLite then goes from left to right.
          .crossJoin('deliveries as one')
          .whereRef('one.app_key', '=', 'fronts.app_key')
          .whereRef('one.next_attempt_at', '<=', 'fronts.until')
          .select(['one.id', 'one.app_key', 'one.next_attempt_at'])
          .select(
            sql<number>`row_number() over (partition by one.app_key order by one.next_attempt_at, one.id)`.as(
              'place',
            ),
          )
          .where('one.claimed_until', '<=', now)
          .where((eb) => eb.or([eb('fronts.disabled', '=', 0), eb('one.give_up_at', '<=', now)])),
      )
      .updateTable('deliveries')
      .set({ claimed_until: now + lease })
      .where('id', 'in', (eb) =>
        eb
          .selectFrom('waiting')
          .select('waiting.id')
          .where((eb) =>
            eb(
              'place',
              '<=',
              eb(
                eb.val(perApp),
                '-',
                eb
                  .selectFrom('deliveries as sending')
                  .select(({ fn }) => fn.countAll<number>().as('count'))
                  .whereRef('sending.app_key', '=', 'waiting.app_key')
                  .where('sending.claimed_until', '>', now),
              ),
            ),
          )
          .orderBy('waiting.next_attempt_at')
          .orderBy('waiting.id')
          .limit(limit),
      )
      // Again, since another process may have claimed it in between.
      .where('claimed_until', '<=', now)
      .where('next_attempt_at', '<=', now)
      .returningAll()
      .execute();
    return rows.map(deliveryRecord);
  }

  /** For a process that knows that it is the only one: nobody else is sending anything. */
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
      .execute();
  }

  async delete(id: string): Promise<void> {
    await this.db.deleteFrom('deliveries').where('id', '=', id).execute();
  }

  async count(): Promise<number> {
    const { count } = await this.db
      .selectFrom('deliveries')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return count;
  }
}

/**
 * Queues an event in the step that it tells of. A logout takes the place of the one before it; an
 * answer is refused, with `false`, where `limit` events of the application wait already.
 */
export async function insertDelivery(
  trx: Step,
  delivery: DeliveryRecord,
  limit: number,
): Promise<boolean> {
  const row = deliveryRow(delivery);
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
  const { count } = await trx
    .selectFrom('deliveries')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('app_key', '=', delivery.appKey)
    .executeTakeFirstOrThrow();
  if (count >= limit) return false;
  await trx.insertInto('deliveries').values(row).execute();
  return true;
}
