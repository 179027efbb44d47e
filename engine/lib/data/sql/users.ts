import { sql } from 'kysely';
import { foldedName } from '../folded-name.js';
import type { AuditRecord } from '../ports/audit.js';
import type {
  Overview,
  OverviewLimits,
  Recipient,
  UserName,
  UserPort,
  UserRecord,
} from '../ports/users.js';
import { insertAudit } from './audit.js';
import { countDevices, setVirtualDevice } from './devices.js';
import { setExpected } from './expected-logins.js';
import { lockApp, lockUser } from './locks.js';
import { prepared } from './prepared.js';
import {
  recipientById,
  recipientByNames,
  recipientOf,
  selectRecipient,
  userRecord,
} from './recipients.js';
import { orGone } from './references.js';
import { isSqlite } from './relaxed.js';
import { COLUMNS } from './request-rows.js';
import { openRequests, selectShown, shownToUser, withdrawnRequests } from './requests.js';
import type { Database, RequestRow, Step, UserRow } from './schema.js';
import { sessionsOf } from './sessions.js';

/** One statement in SQLite, with the requests as JSON. In PostgreSQL `calls.ts` has one of its own. */
const recipientWithShown = prepared<{ userId: string; now: number; withdrawnSince: number }>()(
  (db, value) => {
    const members = [...COLUMNS.texts, ...COLUMNS.numbers].flatMap((name) => [
      sql.lit(name),
      sql.ref(name),
    ]);
    const shown = sql<string>`(
      select json_group_array(json_object(${sql.join(members)})) from (${selectShown(db, value)})
    )`;
    return selectRecipient(db).where('users.id', '=', value('userId')).select(shown.as('shown'));
  },
);

export class SqlUsers implements UserPort {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async insert(user: UserRecord, limit: number): Promise<'inserted' | 'taken' | 'full' | 'gone'> {
    if (await this.byName(user.username)) return 'taken';
    const { whiteLabelOf } = user;
    if (whiteLabelOf === undefined) return await insertUser(this.db, user);
    const insert = async (trx: Step) => {
      if (!(await lockApp(trx, whiteLabelOf))) return 'gone';
      const { count } = await trx
        .selectFrom('users')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .where('white_label_of', '=', whiteLabelOf)
        .executeTakeFirstOrThrow();
      return count >= limit ? 'full' : await insertUser(trx, user);
    };
    return await orGone(() => this.db.transaction().execute(insert));
  }

  async get(id: string): Promise<UserRecord | undefined> {
    const row = await this.db
      .selectFrom('users')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    return row && userRecord(row);
  }

  async byName(username: string): Promise<UserRecord | undefined> {
    const row = await this.db
      .selectFrom('users')
      .selectAll()
      .where('username', '=', username)
      .executeTakeFirst();
    return row && userRecord(row);
  }

  async recipient(names: readonly UserName[]): Promise<Recipient | undefined> {
    if (names.length === 0) return undefined;
    const [query, values] = recipientByNames(names);
    return recipientOf(await query.all(this.db, values));
  }

  async overview(userId: string, limits: OverviewLimits): Promise<Overview | undefined> {
    const { now, withdrawnSince, maxWithdrawn } = limits;
    const values = { userId, now, withdrawnSince };
    const found = isSqlite(this.db)
      ? await recipientWithShown.all(this.db, values)
      : await recipientById.all(this.db, { userId });
    const recipient = recipientOf(found);
    if (!recipient) return undefined;
    const [first] = found;
    const rows: RequestRow[] =
      first && 'shown' in first
        ? JSON.parse(String(first.shown))
        : await shownToUser.all(this.db, values);
    return {
      ...recipient,
      requests: openRequests(rows),
      sessions: sessionsOf(rows),
      withdrawn: withdrawnRequests(rows, withdrawnSince, maxWithdrawn),
    };
  }

  async list(): Promise<UserRecord[]> {
    const rows = await this.db
      .selectFrom('users')
      .selectAll()
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return rows.map(userRecord);
  }

  async setSuspended(userId: string, suspended: boolean, now: number): Promise<boolean> {
    const updated = await this.db
      .updateTable('users')
      .set((eb) => ({
        suspended_at: suspended
          ? eb.fn.coalesce('suspended_at', eb.cast<number>(eb.val(now), 'bigint'))
          : null,
      }))
      .where('id', '=', userId)
      .returning('id')
      .executeTakeFirst();
    return updated !== undefined;
  }

  /** In the same order as the deletion of an application, for the same reason. */
  async delete(userId: string): Promise<string[] | undefined> {
    return await this.db.transaction().execute(async (trx) => {
      const requests = await trx
        .deleteFrom('requests')
        .where('user_id', '=', userId)
        .returning(['auth_request', 'answered_at'])
        .execute();
      await trx
        .deleteFrom('deliveries')
        .where('user_id', '=', userId)
        .where('kind', '=', 'answer')
        .execute();
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

  async countVirtualDevices(): Promise<number> {
    const { count } = await this.db
      .selectFrom('users')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('device_id', 'is not', null)
      .executeTakeFirstOrThrow();
    return count;
  }

  async expectLogin(userId: string, until: number, audit: AuditRecord): Promise<void> {
    await this.db.transaction().execute(async (trx) => {
      if (await setExpected(trx, userId, until)) await insertAudit(trx, audit);
    });
  }

  async setVirtualDevice(userId: string, deviceId: string): Promise<boolean> {
    return await this.db.transaction().execute(async (trx) => {
      await lockUser(trx, userId);
      if ((await countDevices(trx, userId)) > 0) return false;
      await setVirtualDevice(trx, userId, deviceId);
      return true;
    });
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

function userRow(user: UserRecord): UserRow {
  return {
    id: user.id,
    username: user.username,
    folded_name: user.whiteLabelOf === undefined ? foldedName(user.username) : null,
    white_label_of: user.whiteLabelOf ?? null,
    device_id: user.deviceId ?? null,
    created_at: user.createdAt,
    suspended_at: user.suspendedAt ?? null,
    login_expected_until: user.loginExpectedUntil ?? null,
  };
}
