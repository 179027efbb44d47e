import { type Kysely, sql } from 'kysely';

/** Applications, users, auth requests with their sessions, events, ping keys. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('apps')
    .addColumn('app_key', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('secret_hash', 'text', (column) => column.notNull())
    .addColumn('public_key', 'text', (column) => column.notNull())
    .addColumn('callback_url', 'text')
    .addColumn('organization', 'text')
    .addColumn('disabled', 'integer', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();

  await db.schema
    .createTable('users')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('username', 'text', (column) => column.notNull().unique())
    .addColumn('white_label_of', 'text', (column) =>
      column.references('apps.app_key').onDelete('cascade'),
    )
    .addColumn('device_id', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
  await index(db, 'users', ['white_label_of']);

  await db.schema
    .createTable('identities')
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text', (column) =>
      column.notNull().references('users.id').onDelete('cascade'),
    )
    .addColumn('place', 'text', (column) => column.notNull())
    .addColumn('value', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('identities_key', ['user_id', 'kind', 'place'])
    .addUniqueConstraint('identities_value', ['value', 'kind', 'place'])
    .execute();

  await db.schema
    .createTable('pairings')
    .addColumn('user_id', 'text', (column) =>
      column.primaryKey().references('users.id').onDelete('cascade'),
    )
    .addColumn('code_hash', 'text', (column) => column.notNull().unique())
    .addColumn('link_hash', 'text', (column) => column.notNull().unique())
    .addColumn('image_hash', 'text', (column) => column.notNull().unique())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute();
  await index(db, 'pairings', ['expires_at']);

  await db.schema
    .createTable('rates')
    .addColumn('rate_key', 'text', (column) => column.primaryKey())
    .addColumn('times', 'text', (column) => column.notNull())
    .addColumn('idle_at', 'bigint', (column) => column.notNull())
    .execute();
  await index(db, 'rates', ['idle_at']);

  await createRequests(db);
  await createDeliveries(db);

  await db.schema
    .createTable('ping_keys')
    .addColumn('fingerprint', 'text', (column) => column.primaryKey())
    .addColumn('made_at', 'bigint', (column) => column.notNull().unique())
    .addColumn('retires_at', 'bigint')
    .addColumn('sealed_key', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex('ping_keys_one_current')
    .unique()
    .on('ping_keys')
    .expression(sql`(retires_at is null)`)
    .where(sql`retires_at`, 'is', null)
    .execute();
}

async function createRequests(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('requests')
    .addColumn('auth_request', 'text', (column) => column.primaryKey())
    .addColumn('app_key', 'text', (column) =>
      column.notNull().references('apps.app_key').onDelete('cascade'),
    )
    .addColumn('app_name', 'text', (column) => column.notNull())
    .addColumn('user_id', 'text', (column) =>
      column.notNull().references('users.id').onDelete('cascade'),
    )
    .addColumn('username', 'text', (column) => column.notNull())
    .addColumn('session', 'integer', (column) => column.notNull())
    .addColumn('wants_push_id', 'integer', (column) => column.notNull())
    .addColumn('context', 'text')
    .addColumn('policy', 'text')
    .addColumn('number', 'text')
    .addColumn('numbers', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('answered_at', 'bigint')
    .addColumn('approved', 'integer')
    .addColumn('reason', 'text')
    .addColumn('auth', 'text')
    .addColumn('user_hash', 'text')
    .addColumn('user_push_id', 'text')
    .addColumn('organization_user', 'text')
    .addColumn('session_state', 'text')
    .addColumn('confirmed', 'integer', (column) => column.notNull())
    .addColumn('forget_at', 'bigint')
    .execute();
  await index(db, 'requests', ['user_id', 'expires_at']);
  await index(db, 'requests', ['app_key']);
  await index(db, 'requests', ['expires_at']);
  await index(db, 'requests', ['answered_at']);
  await index(db, 'requests', ['forget_at']);
}

async function createDeliveries(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('deliveries')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('app_key', 'text', (column) =>
      column.notNull().references('apps.app_key').onDelete('cascade'),
    )
    .addColumn('user_id', 'text', (column) =>
      column.notNull().references('users.id').onDelete('cascade'),
    )
    .addColumn('callback_url', 'text', (column) => column.notNull())
    .addColumn('parameters', 'text', (column) => column.notNull())
    .addColumn('event_time', 'bigint', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('attempts', 'integer', (column) => column.notNull())
    .addColumn('next_attempt_at', 'bigint', (column) => column.notNull())
    .addColumn('give_up_at', 'bigint', (column) => column.notNull())
    .addColumn('claimed_until', 'bigint', (column) => column.notNull())
    .execute();
  await index(db, 'deliveries', ['next_attempt_at']);
  await index(db, 'deliveries', ['app_key']);
  await index(db, 'deliveries', ['user_id']);
  // One logout event for each user and application.
  await db.schema
    .createIndex('deliveries_one_logout')
    .unique()
    .on('deliveries')
    .columns(['app_key', 'user_id'])
    .where(sql`kind`, '=', sql.lit('logout'))
    .execute();
}

async function index(db: Kysely<unknown>, table: string, columns: string[]): Promise<void> {
  await db.schema
    .createIndex(`${table}_by_${columns.join('_')}`)
    .on(table)
    .columns(columns)
    .execute();
}
