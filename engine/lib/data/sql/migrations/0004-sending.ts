import type { Kysely } from 'kysely';

/** So that the next events of an application are found, and those under way counted, among many. */
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
