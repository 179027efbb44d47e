import type { Kysely } from 'kysely';

/** Until when a user expects a login in a new browser. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('users').addColumn('login_expected_until', 'bigint').execute();
}
