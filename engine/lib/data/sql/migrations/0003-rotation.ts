import type { Kysely } from 'kysely';

/** The credentials before a rotation, the key of a request, and the indexes that deletions use. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const column of ['previous_secret_hash', 'previous_public_key']) {
    await db.schema.alterTable('apps').addColumn(column, 'text').execute();
  }
  await db.schema.alterTable('apps').addColumn('previous_until', 'bigint').execute();
  await db.schema.alterTable('requests').addColumn('key_id', 'text').execute();
  for (const column of ['user_id', 'app_key']) {
    await db.schema.createIndex(`receipts_by_${column}`).on('receipts').column(column).execute();
  }
}
