import { type Kysely, SqliteAdapter, sql } from 'kysely';

/** When a user was suspended, and logout events that outlive their user. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('users').addColumn('suspended_at', 'bigint').execute();
  if (db.getExecutor().adapter instanceof SqliteAdapter) await rebuildDeliveries(db);
  else {
    await db.schema.alterTable('deliveries').dropConstraint('deliveries_user_id_fkey').execute();
  }
}

/** SQLite cannot drop a reference of a table. */
async function rebuildDeliveries(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('new_deliveries')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('app_key', 'text', (column) =>
      column.notNull().references('apps.app_key').onDelete('cascade'),
    )
    .addColumn('user_id', 'text', (column) => column.notNull())
    .addColumn('callback_url', 'text', (column) => column.notNull())
    .addColumn('parameters', 'text', (column) => column.notNull())
    .addColumn('event_time', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('next_attempt_at', 'bigint', (column) => column.notNull())
    .addColumn('give_up_at', 'bigint', (column) => column.notNull())
    .addColumn('claimed_until', 'bigint', (column) => column.notNull())
    .execute();
  await sql`insert into new_deliveries select * from deliveries`.execute(db);
  await db.schema.dropTable('deliveries').execute();
  await db.schema.alterTable('new_deliveries').renameTo('deliveries').execute();
  for (const columns of [
    ['user_id'],
    ['app_key', 'claimed_until'],
    ['app_key', 'next_attempt_at'],
  ]) {
    await db.schema
      .createIndex(`deliveries_by_${columns.join('_')}`)
      .on('deliveries')
      .columns(columns)
      .execute();
  }
  await db.schema
    .createIndex('deliveries_one_logout')
    .unique()
    .on('deliveries')
    .columns(['app_key', 'user_id'])
    .where(sql`kind`, '=', sql.lit('logout'))
    .execute();
}
