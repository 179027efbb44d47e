import type { Kysely } from 'kysely';

/** Indexes to find an application's next events and to count its claimed ones. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const column of ['claimed_until', 'next_attempt_at']) {
    await db.schema
      .createIndex(`deliveries_by_app_key_${column}`)
      .on('deliveries')
      .columns(['app_key', column])
      .execute();
  }
  await db.schema.dropIndex('deliveries_by_app_key').execute();
  await db.schema.dropIndex('deliveries_by_next_attempt_at').execute();
}
