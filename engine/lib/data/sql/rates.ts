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

const insertFirst = prepared<RateRow>()((db, value) =>
  db
    .insertInto('rates')
    .values({ rate_key: value('rate_key'), times: value('times'), idle_at: value('idle_at') })
    .onConflict((conflict) => conflict.doNothing())
    .returning('rate_key'),
);

/** Counts in a step that has locked everything that counts under this key. */
export async function takeRate(trx: Step, { key, ...limits }: Rate, now: number): Promise<number> {
  // Most requests are the first ones since an approval.
  const first = roomAfter([], limits, now);
  const only = first.wait === 0 && rowAfter(first, now);
  if (only && (await insertFirst.first(trx, { rate_key: key, ...only }))) return 0;
  const before = await timesOf.first(trx, { key });
  const room = roomAfter(countedIn(before?.times), limits, now);
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
    .set({ times: JSON.stringify(withWithdrawal(countedIn(before.times), time)) })
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
      const room = roomAfter(countedIn(before?.times), { windows }, now);
      const next = rowAfter(room, now);
      if (!next || (await replaceRate(this.db, key, before?.times, next))) return room.wait;
    }
  }

  async sweep(now: number): Promise<void> {
    await this.db.deleteFrom('rates').where('idle_at', '<=', now).execute();
  }
}

/** `false` if another process has counted meanwhile. Relaxed. */
export async function replaceRate(
  db: Database,
  key: string,
  before: string | undefined,
  next: Omit<RateRow, 'rate_key'>,
): Promise<boolean> {
  if (before === undefined) {
    const inserted = await db
      .insertInto('rates')
      .values({ rate_key: key, ...next })
      .onConflict((conflict) => conflict.doNothing())
      .returning(['rate_key', ...withoutDisk(db)])
      .executeTakeFirst();
    return inserted !== undefined;
  }
  const updated = await db
    .updateTable('rates')
    .set(next)
    .where('rate_key', '=', key)
    .where('times', '=', before)
    .returning(['rate_key', ...withoutDisk(db)])
    .executeTakeFirst();
  return updated !== undefined;
}

export function countedIn(times: string | null | undefined): Counted[] {
  return typeof times === 'string' ? JSON.parse(times) : [];
}

/** The columns to store; `undefined` if a refused request changes nothing. */
export function rowAfter(
  { wait, counted, memoryMs, cut }: Room,
  now: number,
): Omit<RateRow, 'rate_key'> | undefined {
  if (wait > 0 && !cut) return undefined;
  const times = wait > 0 ? counted : [...counted, now];
  return { times: JSON.stringify(times), idle_at: now + memoryMs };
}
