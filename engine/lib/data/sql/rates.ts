import type { RatePort, RateWindow } from '../ports/rates.js';
import { timeUntilRoom } from '../rate-windows.js';
import type { Database } from './schema.js';

export class SqlRates implements RatePort {
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
