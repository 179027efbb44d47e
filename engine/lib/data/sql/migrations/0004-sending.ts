import type { Kysely } from 'kysely';

/** So that how many events of an application are under way is counted without reading all that wait. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createIndex('deliveries_by_app_key_claimed_until')
    .on('deliveries')
    .columns(['app_key', 'claimed_until'])
    .execute();
  await db.schema.dropIndex('deliveries_by_app_key').execute();
}
