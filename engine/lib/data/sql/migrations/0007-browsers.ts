import { type Kysely, sql } from 'kysely';

/** The browser that an auth request is for. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('requests').addColumn('browser', 'text').execute();
  await db.schema
    .createIndex('requests_with_browser_by_created_at')
    .on('requests')
    .column('created_at')
    .where(sql`browser`, 'is not', null)
    .execute();
}
