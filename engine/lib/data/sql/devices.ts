import type { DeviceChange, DeviceRecord } from '../records.js';
import { isReferenceToNothing } from './references.js';
import { deviceRecord, deviceRow, jsonOrNull } from './rows.js';
import type { Database, Step } from './schema.js';

/** Paired devices, and the nonces that they have used. */
export class SqlDevices {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async insert(device: DeviceRecord, limit: number): Promise<'inserted' | 'full' | 'gone'> {
    return await this.db.transaction().execute(async (trx) => {
      if (!(await lockUser(trx, device.userId))) return 'gone';
      if ((await count(trx, device.userId)) >= limit) return 'full';
      await trx.insertInto('devices').values(deviceRow(device)).execute();
      await setVirtual(trx, device.userId, null);
      return 'inserted';
    });
  }

  async setVirtual(userId: string, deviceId: string): Promise<boolean> {
    return await this.db.transaction().execute(async (trx) => {
      await lockUser(trx, userId);
      if ((await count(trx, userId)) > 0) return false;
      await setVirtual(trx, userId, deviceId);
      return true;
    });
  }

  async get(id: string): Promise<DeviceRecord | undefined> {
    const row = await this.db
      .selectFrom('devices')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    return row && deviceRecord(row);
  }

  async ofUser(userId: string): Promise<DeviceRecord[]> {
    const rows = await this.db
      .selectFrom('devices')
      .selectAll()
      .where('user_id', '=', userId)
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return rows.map(deviceRecord);
  }

  async counts(): Promise<Map<string, number>> {
    const rows = await this.db
      .selectFrom('devices')
      .select(['user_id', ({ fn }) => fn.countAll<number>().as('count')])
      .groupBy('user_id')
      .execute();
    return new Map(rows.map((row) => [row.user_id, row.count]));
  }

  async update(id: string, change: DeviceChange): Promise<boolean> {
    const { name, lastSeenAt, push, knowledgeKey, webauthn, enrolment } = change;
    const updated = await this.db
      .updateTable('devices')
      .set((eb) => ({
        id: eb.ref('id'),
        ...(name !== undefined && { name }),
        ...(lastSeenAt !== undefined && { last_seen_at: lastSeenAt }),
        ...(push !== undefined && { push: jsonOrNull(push) }),
        ...(knowledgeKey !== undefined && { knowledge_key: jsonOrNull(knowledgeKey) }),
        ...(webauthn !== undefined && { webauthn: jsonOrNull(webauthn) }),
        ...(enrolment !== undefined && { enrolment: jsonOrNull(enrolment) }),
      }))
      .where('id', '=', id)
      .returning('id')
      .executeTakeFirst();
    return updated !== undefined;
  }

  async delete(userId: string, id: string): Promise<boolean> {
    const deleted = await this.db
      .deleteFrom('devices')
      .where('id', '=', id)
      .where('user_id', '=', userId)
      .returning('id')
      .executeTakeFirst();
    return deleted !== undefined;
  }

  async takeNonce(
    deviceId: string,
    nonce: string,
    expiresAt: number,
    now: number,
    limit: number,
  ): Promise<'taken' | 'seen' | 'full' | 'gone'> {
    const taken = await this.insertNonce(deviceId, nonce, expiresAt, now, limit);
    if (taken !== undefined) return taken;
    return (await this.seen(deviceId, nonce, now)) ? 'seen' : 'full';
  }

  async sweep(now: number): Promise<void> {
    await this.db.deleteFrom('nonces').where('expires_at', '<=', now).execute();
  }

  private async insertNonce(
    deviceId: string,
    nonce: string,
    expiresAt: number,
    now: number,
    limit: number,
  ): Promise<'taken' | 'gone' | undefined> {
    const insertion = this.db
      .insertInto('nonces')
      .columns(['device_id', 'nonce', 'expires_at'])
      .expression(
        this.db
          .selectNoFrom((eb) => [
            eb.val(deviceId).as('device_id'),
            eb.val(nonce).as('nonce'),
            eb.cast<number>(eb.val(expiresAt), 'bigint').as('expires_at'),
          ])
          .where(
            ({ selectFrom }) =>
              selectFrom('nonces as alive')
                .select(({ fn }) => fn.countAll<number>().as('count'))
                .where('alive.device_id', '=', deviceId)
                .where('alive.expires_at', '>', now),
            '<',
            limit,
          ),
      )
      .onConflict((conflict) =>
        conflict
          .columns(['device_id', 'nonce'])
          .doUpdateSet({ expires_at: expiresAt })
          .where('nonces.expires_at', '<=', now),
      )
      .returning('nonce');
    try {
      return (await insertion.executeTakeFirst()) && 'taken';
    } catch (error) {
      if (isReferenceToNothing(error)) return 'gone';
      throw error;
    }
  }

  private async seen(deviceId: string, nonce: string, now: number): Promise<boolean> {
    const row = await this.db
      .selectFrom('nonces')
      .select('nonce')
      .where('device_id', '=', deviceId)
      .where('nonce', '=', nonce)
      .where('expires_at', '>', now)
      .executeTakeFirst();
    return row !== undefined;
  }
}

/**
 * Lets no other process in that changes what hangs on this user; an update is a lock everywhere.
 * `false` if there is no such user.
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

async function count(trx: Step, userId: string): Promise<number> {
  const row = await trx
    .selectFrom('devices')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('user_id', '=', userId)
    .executeTakeFirstOrThrow();
  return row.count;
}

async function setVirtual(trx: Step, userId: string, deviceId: string | null): Promise<void> {
  await trx.updateTable('users').set({ device_id: deviceId }).where('id', '=', userId).execute();
}
