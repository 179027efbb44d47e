import type { Kysely } from 'kysely';

/** The rate that a request counts for, and the browsers that a report of fraud pauses. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('requests').addColumn('rate_key', 'text').execute();
  await db.schema.alterTable('fraud').addColumn('paused_keys', 'text').execute();
}
