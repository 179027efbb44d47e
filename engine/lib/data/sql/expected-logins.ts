import type { Database, Step } from './schema.js';

/** Until when the user expects a login. */
export async function expectedUntil(db: Database, userId: string): Promise<number | null> {
  const row = await db
    .selectFrom('users')
    .select('login_expected_until')
    .where('id', '=', userId)
    .executeTakeFirst();
  return row?.login_expected_until ?? null;
}

/** Returns `false` if the user does not exist. */
export async function setExpected(
  trx: Step,
  userId: string,
  until: number | null,
): Promise<boolean> {
  const updated = await trx
    .updateTable('users')
    .set({ login_expected_until: until })
    .where('id', '=', userId)
    .returning('id')
    .executeTakeFirst();
  return updated !== undefined;
}
