import type { Database } from './schema.js';

/**
 * Requests go first, here and below, and what they hang on last: an answer that is being recorded
 * locks its request before it refers to the others, and so none waits for the other.
 */
export async function deleteApp(db: Database, appKey: string): Promise<boolean> {
  return await db.transaction().execute(async (trx) => {
    await trx.deleteFrom('requests').where('app_key', '=', appKey).execute();
    await trx.deleteFrom('deliveries').where('app_key', '=', appKey).execute();
    await trx.deleteFrom('receipts').where('app_key', '=', appKey).execute();
    await trx
      .deleteFrom('identities')
      .where('place', '=', appKey)
      .where('kind', '!=', 'organization')
      .execute();
    await trx.deleteFrom('users').where('white_label_of', '=', appKey).execute();
    const deleted = await trx
      .deleteFrom('apps')
      .where('app_key', '=', appKey)
      .returning('app_key')
      .executeTakeFirst();
    return deleted !== undefined;
  });
}

/** Returns the tokens of the requests that were open, or `undefined` if there is no such user. */
export async function deleteUser(db: Database, userId: string): Promise<string[] | undefined> {
  return await db.transaction().execute(async (trx) => {
    const requests = await trx
      .deleteFrom('requests')
      .where('user_id', '=', userId)
      .returning(['auth_request', 'answered_at'])
      .execute();
    await trx.deleteFrom('deliveries').where('user_id', '=', userId).execute();
    await trx.deleteFrom('receipts').where('user_id', '=', userId).execute();
    // Devices, pairings, names and reports of fraud go with the row that they refer to.
    const deleted = await trx
      .deleteFrom('users')
      .where('id', '=', userId)
      .returning('id')
      .executeTakeFirst();
    if (!deleted) return undefined;
    return requests
      .filter(({ answered_at }) => answered_at === null)
      .map(({ auth_request }) => auth_request);
  });
}
