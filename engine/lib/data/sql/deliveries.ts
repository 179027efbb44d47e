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
    const due = await this.due(now, limit, perApp);
    if (due.length === 0) return [];
    const rows = await this.db
      .updateTable('deliveries')
      .set({ claimed_until: now + lease })
      .where('id', 'in', due)
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

  /** The ids of what is due, so many of each application that `perApp` are under way with them. */
  private async due(now: number, limit: number, perApp: number): Promise<string[]> {
    const rows = await this.db
      .with('waiting', (db) =>
        db
          .selectFrom('deliveries')
          .select(['id', 'app_key', 'next_attempt_at'])
          .select(
            sql<number>`row_number() over (partition by app_key order by next_attempt_at, id)`.as(
              'place',
            ),
          )
          .where('next_attempt_at', '<=', now)
          .where('claimed_until', '<=', now),
      )
      .selectFrom('waiting')
      .select('id')
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
      .orderBy('next_attempt_at')
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.map(({ id }) => id);
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
