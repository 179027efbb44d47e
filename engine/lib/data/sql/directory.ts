import { BoundedMap } from '../../util/bounded-map.js';
import type {
  AppCredentialsRecord,
  AppRecord,
  IdentityKind,
  PairingRecord,
  UsedPingKey,
  UserRecord,
} from '../records.js';
import { isReferenceToNothing } from './references.js';
import { appRecord, appRow, pairingRecord, userRecord, userRow } from './rows.js';
import type { Database, Step } from './schema.js';

/** Applications, users, the names that users have in places, and pairings that wait to be used. */
export class SqlDirectory {
  private readonly db: Database;
  /** Names in places never change, so that what was read once holds. */
  private readonly identities = new BoundedMap<string, string>(20_000);

  constructor(db: Database) {
    this.db = db;
  }

  async insertApp(app: AppRecord): Promise<boolean> {
    const inserted = await this.db
      .insertInto('apps')
      .values(appRow(app))
      .onConflict((conflict) => conflict.doNothing())
      .returning('app_key')
      .executeTakeFirst();
    return inserted !== undefined;
  }

  async app(appKey: string): Promise<AppRecord | undefined> {
    const row = await this.db
      .selectFrom('apps')
      .selectAll()
      .where('app_key', '=', appKey)
      .executeTakeFirst();
    return row && appRecord(row);
  }

  async apps(): Promise<AppRecord[]> {
    const rows = await this.db
      .selectFrom('apps')
      .selectAll()
      .orderBy('created_at')
      .orderBy('app_key')
      .execute();
    return rows.map(appRecord);
  }

  async setAppDisabled(appKey: string, disabled: boolean): Promise<boolean> {
    const updated = await this.db
      .updateTable('apps')
      .set({ disabled: Number(disabled) })
      .where('app_key', '=', appKey)
      .returning('app_key')
      .executeTakeFirst();
    return updated !== undefined;
  }

  /** Reads and writes in one statement, so that of two at once each keeps what the other has made. */
  async replaceCredentials(
    appKey: string,
    { secretHash, publicKey }: Partial<AppCredentialsRecord>,
    previousUntil: number | undefined,
  ): Promise<boolean> {
    const kept = previousUntil !== undefined;
    const updated = await this.db
      .updateTable('apps')
      .set((eb) => ({
        ...(secretHash !== undefined && { secret_hash: secretHash }),
        ...(publicKey !== undefined && { public_key: publicKey }),
        previous_secret_hash: kept ? eb.ref('secret_hash') : null,
        previous_public_key: kept ? eb.ref('public_key') : null,
        previous_until: previousUntil ?? null,
      }))
      .where('app_key', '=', appKey)
      .returning('app_key')
      .executeTakeFirst();
    return updated !== undefined;
  }

  async setUsedPingKeys(appKey: string, used: readonly UsedPingKey[]): Promise<void> {
    await this.db
      .updateTable('apps')
      .set({ used_ping_keys: JSON.stringify(used) })
      .where('app_key', '=', appKey)
      .execute();
  }

  async insertUser(
    user: UserRecord,
    limit: number,
  ): Promise<'inserted' | 'taken' | 'full' | 'gone'> {
    if (await this.userByName(user.username)) return 'taken';
    const { whiteLabelOf } = user;
    if (whiteLabelOf === undefined) return await insertUser(this.db, user);
    return await this.db.transaction().execute(async (trx) => {
      if (!(await lockApp(trx, whiteLabelOf))) return 'gone';
      const { count } = await trx
        .selectFrom('users')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('white_label_of', '=', whiteLabelOf)
        .executeTakeFirstOrThrow();
      return count >= limit ? 'full' : await insertUser(trx, user);
    });
  }

  async user(id: string): Promise<UserRecord | undefined> {
    const row = await this.db
      .selectFrom('users')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    return row && userRecord(row);
  }

  async userByName(username: string): Promise<UserRecord | undefined> {
    const row = await this.db
      .selectFrom('users')
      .selectAll()
      .where('username', '=', username)
      .executeTakeFirst();
    return row && userRecord(row);
  }

  async users(): Promise<UserRecord[]> {
    const rows = await this.db
      .selectFrom('users')
      .selectAll()
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return rows.map(userRecord);
  }

  async identity(
    kind: IdentityKind,
    userId: string,
    place: string,
    candidate: string,
  ): Promise<string> {
    const key = JSON.stringify([kind, userId, place]);
    const known = this.identities.get(key);
    if (known !== undefined) return known;
    let value = await this.readIdentity(kind, userId, place);
    if (value === undefined) {
      try {
        await this.db
          .insertInto('identities')
          .values({ kind, user_id: userId, place, value: candidate })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      } catch (error) {
        if (isReferenceToNothing(error)) return candidate;
        throw error;
      }
      // Another process may have been first.
      value = (await this.readIdentity(kind, userId, place)) ?? candidate;
    }
    this.identities.set(key, value);
    return value;
  }

  async userByIdentity(
    kind: IdentityKind,
    place: string,
    value: string,
  ): Promise<UserRecord | undefined> {
    const row = await this.db
      .selectFrom('identities')
      .innerJoin('users', 'users.id', 'identities.user_id')
      .selectAll('users')
      .where('value', '=', value)
      .where('kind', '=', kind)
      .where('place', '=', place)
      .executeTakeFirst();
    return row && userRecord(row);
  }

  async putPairing(pairing: PairingRecord): Promise<void> {
    const columns = {
      code_hash: pairing.codeHash,
      link_hash: pairing.linkHash,
      image_hash: pairing.imageHash,
      expires_at: pairing.expiresAt,
    };
    await this.db
      .insertInto('pairings')
      .values({ user_id: pairing.userId, ...columns })
      .onConflict((conflict) => conflict.column('user_id').doUpdateSet(columns))
      .execute();
  }

  async takePairing(
    by: 'codeHash' | 'linkHash',
    hash: string,
    now: number,
  ): Promise<PairingRecord | undefined> {
    const row = await this.db
      .deleteFrom('pairings')
      .where(by === 'codeHash' ? 'code_hash' : 'link_hash', '=', hash)
      .where('expires_at', '>', now)
      .returningAll()
      .executeTakeFirst();
    return row && pairingRecord(row);
  }

  async pairingByImage(imageHash: string, now: number): Promise<PairingRecord | undefined> {
    const row = await this.db
      .selectFrom('pairings')
      .selectAll()
      .where('image_hash', '=', imageHash)
      .where('expires_at', '>', now)
      .executeTakeFirst();
    return row && pairingRecord(row);
  }

  async sweep(now: number): Promise<void> {
    await this.db.deleteFrom('pairings').where('expires_at', '<=', now).execute();
  }

  private async readIdentity(kind: IdentityKind, userId: string, place: string) {
    const row = await this.db
      .selectFrom('identities')
      .select('value')
      .where('user_id', '=', userId)
      .where('kind', '=', kind)
      .where('place', '=', place)
      .executeTakeFirst();
    return row?.value;
  }
}

async function insertUser(db: Database, user: UserRecord): Promise<'inserted' | 'taken'> {
  const inserted = await db
    .insertInto('users')
    .values(userRow(user))
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  return inserted ? 'inserted' : 'taken';
}

/** Of many white label users at once no more come in than there is room for: an update is a lock. */
async function lockApp(trx: Step, appKey: string): Promise<boolean> {
  const locked = await trx
    .updateTable('apps')
    .set((eb) => ({ name: eb.ref('name') }))
    .where('app_key', '=', appKey)
    .returning('app_key')
    .executeTakeFirst();
  return locked !== undefined;
}
