import type { Kysely } from 'kysely';
import { foldedName } from '../../folded-name.js';

const BATCH_SIZE = 1000;

interface Users {
  users: {
    id: string;
    username: string;
    white_label_of: string | null;
    folded_name: string | null;
  };
}

/**
 * Names without case and compatibility forms. Of existing users whose names are equal by that, the one
 * with the first id has it, so that all keep working and no further one is created.
 */
export async function up(db: Kysely<Users>): Promise<void> {
  await db.schema.alterTable('users').addColumn('folded_name', 'text').execute();
  const seen = new Set<string>();
  let after = '';
  for (;;) {
    const users = await db
      .selectFrom('users')
      .select(['id', 'username'])
      .where('white_label_of', 'is', null)
      .where('id', '>', after)
      .orderBy('id')
      .limit(BATCH_SIZE)
      .execute();
    for (const { id, username } of users) {
      const folded = foldedName(username);
      if (seen.has(folded)) continue;
      seen.add(folded);
      await db.updateTable('users').set({ folded_name: folded }).where('id', '=', id).execute();
    }
    if (users.length < BATCH_SIZE) break;
    after = users.at(-1)?.id ?? '';
  }
  await db.schema
    .createIndex('users_by_folded_name')
    .unique()
    .on('users')
    .column('folded_name')
    .execute();
}
