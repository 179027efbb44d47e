import { isSqlite } from './relaxed.js';
import type { Step } from './schema.js';

/**
 * Locks the user against other processes until the transaction ends. `false` if the user does not
 * exist. A transaction of SQLite has the whole file to itself, so that only references are checked.
 */
export async function lockUser(trx: Step, userId: string): Promise<boolean> {
  if (isSqlite(trx)) return true;
  const locked = await trx
    .selectFrom('users')
    .select('id')
    .where('id', '=', userId)
    .forNoKeyUpdate()
    .executeTakeFirst();
  return locked !== undefined;
}

/** Locks the application in the same way. */
export async function lockApp(trx: Step, appKey: string): Promise<boolean> {
  if (isSqlite(trx)) return true;
  const locked = await trx
    .selectFrom('apps')
    .select('app_key')
    .where('app_key', '=', appKey)
    .forNoKeyUpdate()
    .executeTakeFirst();
  return locked !== undefined;
}
