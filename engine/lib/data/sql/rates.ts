import { timeUntilRoom } from '../rates.js';
import type { RateWindow } from '../records.js';
import type { Database } from './schema.js';

/** When the last few events of a kind were let through, counted for all processes together. */
export class SqlRates {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async take(key: string, windows: readonly RateWindow[], now: number): Promise<number> {
    for (;;) {
      const before = await this.db
        .selectFrom('rates')
        .select('times')
        .where('rate_key', '=', key)
        .executeTakeFirst();
      const { wait, times, memory } = timeUntilRoom(
        before ? JSON.parse(before.times) : [],
        windows,
        now,
      );
      if (wait > 0) return wait;
      const next = { times: JSON.stringify([...times, now]), idle_at: now + memory };
      if (await this.replace(key, before?.times, next)) return 0;
    }
  }

  async sweep(now: number): Promise<void> {
    await this.db.deleteFrom('rates').where('idle_at', '<=', now).execute();
  }

  /** `false` if somebody else has counted meanwhile. */
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
