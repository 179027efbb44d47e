import type { IdentityKind, IdentityPort } from '../ports/identities.js';
import type { UserRecord } from '../ports/users.js';
import { violatesReference } from './references.js';
import type { Database } from './schema.js';
import { userRecord } from './users.js';

export class SqlIdentities implements IdentityPort {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async ensure(
    kind: IdentityKind,
    userId: string,
    sector: string,
    candidate: string,
  ): Promise<string> {
    const existing = await this.read(kind, userId, sector);
    if (existing !== undefined) return existing;
    try {
      await this.db
        .insertInto('identities')
        .values({ kind, user_id: userId, place: sector, value: candidate })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    } catch (error) {
      if (violatesReference(error)) return candidate;
      throw error;
    }
    // Another process may have inserted one first.
    return (await this.read(kind, userId, sector)) ?? candidate;
  }

  async findUser(
    kind: IdentityKind,
    sector: string,
    value: string,
  ): Promise<UserRecord | undefined> {
    const row = await this.db
      .selectFrom('identities')
      .innerJoin('users', 'users.id', 'identities.user_id')
      .selectAll('users')
      .where('value', '=', value)
      .where('kind', '=', kind)
      .where('place', '=', sector)
      .executeTakeFirst();
    return row && userRecord(row);
  }

  private async read(kind: IdentityKind, userId: string, sector: string) {
    const row = await this.db
      .selectFrom('identities')
      .select('value')
      .where('user_id', '=', userId)
      .where('kind', '=', kind)
      .where('place', '=', sector)
      .executeTakeFirst();
    return row?.value;
  }
}
