import type { Kysely } from 'kysely';

/** Whether an application's stamps are strict, and which ping keys it has used last. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('apps')
    .addColumn('strict_stamps', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await db.schema.alterTable('apps').addColumn('used_ping_keys', 'text').execute();
}
