import { type Kysely, sql } from 'kysely';

/** When an application took an auth request back. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('requests').addColumn('withdrawn_at', 'bigint').execute();
  await db.schema
    .createIndex('requests_by_withdrawn_at')
    .on('requests')
    .column('withdrawn_at')
    .where(sql`withdrawn_at`, 'is not', null)
    .execute();
}
