import { type RawBuilder, SqliteAdapter, sql } from 'kysely';
import type { Database } from './schema.js';

/**
 * What a statement of a relaxed step returns besides: PostgreSQL then does not wait for the disk when it
 * commits. The setting ends with the statement, so that no pooler passes it on. Only for a statement
 * that is a transaction of its own.
 *
 * In SQLite whole steps are relaxed, see `group-commit.ts`.
 */
export function withoutDisk(db: Database) {
  if (isSqlite(db)) return [];
  const off: RawBuilder<string> = sql`(select set_config('synchronous_commit', 'off', true))`;
  return [off.as('synchronous_commit')];
}

export function isSqlite(db: Database): boolean {
  return db.getExecutor().adapter instanceof SqliteAdapter;
}
