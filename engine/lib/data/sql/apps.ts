import type { AppCredentialsRecord, AppPort, AppRecord, UsedPingKey } from '../ports/apps.js';
import { fromJson, jsonOrNull } from './json.js';
import { prepared } from './prepared.js';
import type { AppRow, Database } from './schema.js';

const byKey = prepared<{ appKey: string }>()((db, value) =>
  db.selectFrom('apps').selectAll().where('app_key', '=', value('appKey')),
);

export class SqlApps implements AppPort {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async insert(app: AppRecord): Promise<boolean> {
    const inserted = await this.db
      .insertInto('apps')
      .values(appRow(app))
      .onConflict((conflict) => conflict.doNothing())
      .returning('app_key')
      .executeTakeFirst();
    return inserted !== undefined;
  }

  async get(appKey: string): Promise<AppRecord | undefined> {
    const row = await byKey.first(this.db, { appKey });
    return row && appRecord(row);
  }

  async list(): Promise<AppRecord[]> {
    const rows = await this.db
      .selectFrom('apps')
      .selectAll()
      .orderBy('created_at')
      .orderBy('app_key')
      .execute();
    return rows.map(appRecord);
  }

  async setDisabled(appKey: string, disabled: boolean): Promise<boolean> {
    const updated = await this.db
      .updateTable('apps')
      .set({ disabled: Number(disabled) })
      .where('app_key', '=', appKey)
      .returning('app_key')
      .executeTakeFirst();
    return updated !== undefined;
  }

  /** One statement, so that of two rotations at once each keeps the credentials of the other. */
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

  /**
   * Requests are deleted first and the rows that they refer to last. An answer locks its request before
   * it refers to others, so that no deadlock is possible.
   */
  async delete(appKey: string): Promise<boolean> {
    return await this.db.transaction().execute(async (trx) => {
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
}

export function appRow(app: AppRecord): AppRow {
  return {
    app_key: app.appKey,
    name: app.name,
    secret_hash: app.secretHash,
    public_key: app.publicKey,
    callback_url: app.callbackUrl ?? null,
    organization: app.organization ?? null,
    disabled: Number(app.disabled),
    created_at: app.createdAt,
    previous_secret_hash: app.previous?.secretHash ?? null,
    previous_public_key: app.previous?.publicKey ?? null,
    previous_until: app.previous?.until ?? null,
    strict_stamps: Number(app.strictStamps ?? false),
    used_ping_keys: jsonOrNull(app.usedPingKeys),
  };
}

export function appRecord(row: AppRow): AppRecord {
  return {
    appKey: row.app_key,
    name: row.name,
    secretHash: row.secret_hash,
    publicKey: row.public_key,
    callbackUrl: row.callback_url ?? undefined,
    organization: row.organization ?? undefined,
    disabled: row.disabled === 1,
    createdAt: row.created_at,
    previous: previousRecord(row),
    strictStamps: row.strict_stamps === 1 || undefined,
    usedPingKeys: fromJson(row.used_ping_keys),
  };
}

function previousRecord(row: AppRow): AppRecord['previous'] {
  const { previous_secret_hash: secretHash, previous_public_key: publicKey } = row;
  if (secretHash === null || publicKey === null) return undefined;
  return { secretHash, publicKey, until: row.previous_until ?? 0 };
}
