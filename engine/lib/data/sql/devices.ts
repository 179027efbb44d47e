import type { DeviceChange, DevicePort, DeviceRecord } from '../ports/devices.js';
import { fromJson, jsonOrNull } from './json.js';
import { lockUser } from './locks.js';
import { prepared } from './prepared.js';
import { orGone } from './references.js';
import { withoutDisk } from './relaxed.js';
import type { Database, DeviceRow, Step } from './schema.js';

export const deviceById = prepared<{ id: string }>()((db, value) =>
  db.selectFrom('devices').selectAll().where('id', '=', value('id')),
);

const seen = prepared<{ id: string; at: number }>()((db, value) =>
  db
    .updateTable('devices')
    .set({ last_seen_at: value('at') })
    .where('id', '=', value('id'))
    .returning(['id', ...withoutDisk(db)]),
);

export class SqlDevices implements DevicePort {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async insert(device: DeviceRecord, limit: number): Promise<'inserted' | 'full' | 'gone'> {
    const insert = async (trx: Step) => {
      if (!(await lockUser(trx, device.userId))) return 'gone';
      if ((await countDevices(trx, device.userId)) >= limit) return 'full';
      await trx.insertInto('devices').values(deviceRow(device)).execute();
      await setVirtualDevice(trx, device.userId, null);
      return 'inserted';
    };
    return await orGone(() => this.db.transaction().execute(insert));
  }

  async get(id: string): Promise<DeviceRecord | undefined> {
    const row = await deviceById.first(this.db, { id });
    return row && deviceRecord(row);
  }

  async list(userId: string): Promise<DeviceRecord[]> {
    const rows = await this.db
      .selectFrom('devices')
      .selectAll()
      .where('user_id', '=', userId)
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return rows.map(deviceRecord);
  }

  async counts(): Promise<{ userId: string; devices: number }[]> {
    return await this.db
      .selectFrom('devices')
      .select(['user_id as userId', ({ fn }) => fn.countAll<number>().as('devices')])
      .groupBy('user_id')
      .execute();
  }

  async update(id: string, change: DeviceChange): Promise<boolean> {
    const { name, push, knowledgeKey, webauthn, enrolment } = change;
    const updated = await this.db
      .updateTable('devices')
      .set((eb) => ({
        id: eb.ref('id'),
        ...(name !== undefined && { name }),
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

  async seen(id: string, at: number): Promise<void> {
    await seen.all(this.db, { id, at });
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
}

export async function countDevices(trx: Step, userId: string): Promise<number> {
  const row = await trx
    .selectFrom('devices')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('user_id', '=', userId)
    .executeTakeFirstOrThrow();
  return row.count;
}

export async function setVirtualDevice(
  trx: Step,
  userId: string,
  deviceId: string | null,
): Promise<void> {
  await trx.updateTable('users').set({ device_id: deviceId }).where('id', '=', userId).execute();
}

export function deviceRow(device: DeviceRecord): DeviceRow {
  return {
    id: device.id,
    user_id: device.userId,
    name: device.name,
    public_key: JSON.stringify(device.publicKey),
    token_hash: device.tokenHash,
    created_at: device.createdAt,
    last_seen_at: device.lastSeenAt,
    push: jsonOrNull(device.push),
    knowledge_key: jsonOrNull(device.knowledgeKey),
    webauthn: jsonOrNull(device.webauthn),
    enrolment: jsonOrNull(device.enrolment),
  };
}

export function deviceRecord(row: DeviceRow): DeviceRecord {
  return {
    id: row.id,
    userId: row.user_id,
    name: row.name,
    publicKey: JSON.parse(row.public_key),
    tokenHash: row.token_hash,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    push: fromJson(row.push),
    knowledgeKey: fromJson(row.knowledge_key),
    webauthn: fromJson(row.webauthn),
    enrolment: fromJson(row.enrolment),
  };
}
