import type { Rate, RatePort, RateWindow } from '../ports/rates.js';
import { type Counted, type Room, roomAfter, withWithdrawal } from '../rate-windows.js';
import { prepared } from './prepared.js';
import { withoutDisk } from './relaxed.js';
import type { Database, RateRow, Step } from './schema.js';

const timesOf = prepared<{ key: string }>()((db, value) =>
  db.selectFrom('rates').select('times').where('rate_key', '=', value('key')),
);

const upsert = prepared<RateRow>()((db, value) => {
  const columns = { times: value('times'), idle_at: value('idle_at') };
  return db
    .insertInto('rates')
    .values({ rate_key: value('rate_key'), ...columns })
    .onConflict((conflict) => conflict.column('rate_key').doUpdateSet(columns));
});

const reset = prepared<{ key: string }>()((db, value) =>
  db.deleteFrom('rates').where('rate_key', '=', value('key')),
);

/** Counts in a step that has locked everything that counts under this key. */
export async function takeRate(trx: Step, { key, ...limits }: Rate, now: number): Promise<number> {
  const before = await timesOf.first(trx, { key });
  const room = roomAfter(countedIn(before), limits, now);
  const next = rowAfter(room, now);
  if (next) await upsert.all(trx, { rate_key: key, ...next });
  return room.wait;
}

/** Marks the request that was counted at this time as withdrawn, in a step that has locked its user. */
export async function withdrawRate(trx: Step, key: string, time: number): Promise<void> {
  const before = await timesOf.first(trx, { key });
  if (!before) return;
  await trx
    .updateTable('rates')
    .set({ times: JSON.stringify(withWithdrawal(countedIn(before), time)) })
    .where('rate_key', '=', key)
    .execute();
}

export async function resetRate(trx: Step, key: string): Promise<void> {
  await reset.all(trx, { key });
}

export class SqlRates implements RatePort {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async take(key: string, windows: readonly RateWindow[], now: number): Promise<number> {
    for (;;) {
      const before = await timesOf.first(this.db, { key });
      const room = roomAfter(countedIn(before), { windows }, now);
      const next = rowAfter(room, now);
      if (!next || (await this.replace(key, before?.times, next))) return room.wait;
    }
  }

  async sweep(now: number): Promise<void> {
    await this.db.deleteFrom('rates').where('idle_at', '<=', now).execute();
  }

  /** `false` if another process has counted meanwhile. */
  private async replace(
    key: string,
    before: string | undefined,
    next: Omit<RateRow, 'rate_key'>,
  ): Promise<boolean> {
    if (before === undefined) {
      const inserted = await this.db
        .insertInto('rates')
        .values({ rate_key: key, ...next })
        .onConflict((conflict) => conflict.doNothing())
        .returning(['rate_key', ...withoutDisk(this.db)])
        .executeTakeFirst();
      return inserted !== undefined;
    }
    const updated = await this.db
      .updateTable('rates')
      .set(next)
      .where('rate_key', '=', key)
      .where('times', '=', before)
      .returning(['rate_key', ...withoutDisk(this.db)])
      .executeTakeFirst();
    return updated !== undefined;
  }
}

function countedIn(row: Pick<RateRow, 'times'> | undefined): Counted[] {
  return row ? JSON.parse(row.times) : [];
}

/** The columns to store; `undefined` if a refused request changes nothing. */
function rowAfter(
  { wait, counted, memoryMs, cut }: Room,
  now: number,
): Omit<RateRow, 'rate_key'> | undefined {
  if (wait > 0 && !cut) return undefined;
  const times = wait > 0 ? counted : [...counted, now];
  return { times: JSON.stringify(times), idle_at: now + memoryMs };
}
