import type { Step } from './schema.js';

/**
 * Locks the user against other processes until the transaction ends; an update locks a row in both
 * databases. `false` if the user does not exist.
 */
export async function lockUser(trx: Step, userId: string): Promise<boolean> {
  const locked = await trx
    .updateTable('users')
    .set((eb) => ({ username: eb.ref('username') }))
    .where('id', '=', userId)
    .returning('id')
    .executeTakeFirst();
  return locked !== undefined;
}

/** Locks the application in the same way, so that inserts at once cannot exceed its limit. */
export async function lockApp(trx: Step, appKey: string): Promise<boolean> {
  const locked = await trx
    .updateTable('apps')
    .set((eb) => ({ name: eb.ref('name') }))
    .where('app_key', '=', appKey)
    .returning('app_key')
    .executeTakeFirst();
  return locked !== undefined;
}
