import { type Kysely, sql } from 'kysely';

/** Which requests the audit trail has as expired. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('requests').addColumn('expired_at', 'bigint').execute();
  await db.schema
    .createIndex('requests_to_expire_by_expires_at')
    .on('requests')
    .column('expires_at')
    .where(sql`answered_at is null and withdrawn_at is null and expired_at`, 'is', null)
    .execute();
}
