import type { RatePort, RateWindow } from '../ports/rates.js';
import { timeUntilRoom } from '../rate-windows.js';
import { prepared } from './prepared.js';
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

/** Counts in a step that has locked everything that counts under this key. */
export async function takeRate(
  trx: Step,
  key: string,
  windows: readonly RateWindow[],
  now: number,
): Promise<number> {
  const before = await timesOf.first(trx, { key });
  const passed = before ? JSON.parse(before.times) : [];
  const { wait, times, memoryMs } = timeUntilRoom(passed, windows, now);
  if (wait > 0) return wait;
  const next = { times: JSON.stringify([...times, now]), idle_at: now + memoryMs };
  await upsert.all(trx, { rate_key: key, ...next });
  return 0;
}

export class SqlRates implements RatePort {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async take(key: string, windows: readonly RateWindow[], now: number): Promise<number> {
    for (;;) {
      const before = await timesOf.first(this.db, { key });
      const { wait, times, memoryMs } = timeUntilRoom(
        before ? JSON.parse(before.times) : [],
        windows,
        now,
      );
      if (wait > 0) return wait;
      const next = { times: JSON.stringify([...times, now]), idle_at: now + memoryMs };
      if (await this.replace(key, before?.times, next)) return 0;
    }
  }

  async sweep(now: number): Promise<void> {
    await this.db.deleteFrom('rates').where('idle_at', '<=', now).execute();
  }

  /** `false` if another process has counted meanwhile. */
  private async replace(
    key: string,
    before: string | undefined,
    next: { times: string; idle_at: number },
  ): Promise<boolean> {
    if (before === undefined) {
      const inserted = await this.db
        .insertInto('rates')
        .values({ rate_key: key, ...next })
        .onConflict((conflict) => conflict.doNothing())
        .returning('rate_key')
        .executeTakeFirst();
      return inserted !== undefined;
    }
    const updated = await this.db
      .updateTable('rates')
      .set(next)
      .where('rate_key', '=', key)
      .where('times', '=', before)
      .returning('rate_key')
      .executeTakeFirst();
    return updated !== undefined;
  }
}
