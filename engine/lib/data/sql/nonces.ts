import type { NoncePort } from '../ports/nonces.js';
import { prepared, type ValueOf } from './prepared.js';
import { orGone } from './references.js';
import { withoutDisk } from './relaxed.js';
import type { Database } from './schema.js';

interface NonceValues {
  deviceId: string;
  nonce: string;
  expiresAt: number;
  now: number;
  limit: number;
}

/** One statement, so that of two requests at once with the same nonce one is refused. */
export function insertNonce(db: Database, value: ValueOf<NonceValues>) {
  return db
    .insertInto('nonces')
    .columns(['device_id', 'nonce', 'expires_at'])
    .expression(
      db
        .selectNoFrom((eb) => [
          eb.val(value('deviceId')).as('device_id'),
          eb.val(value('nonce')).as('nonce'),
          eb.cast<number>(eb.val(value('expiresAt')), 'bigint').as('expires_at'),
        ])
        .where(
          ({ selectFrom }) =>
            selectFrom('nonces as alive')
              .select(({ fn }) => fn.countAll<number>().as('count'))
              .where('alive.device_id', '=', value('deviceId'))
              .where('alive.expires_at', '>', value('now')),
          '<',
          value('limit'),
        ),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['device_id', 'nonce'])
        .doUpdateSet({ expires_at: value('expiresAt') })
        .where('nonces.expires_at', '<=', value('now')),
    )
    .returning(['nonce', ...withoutDisk(db)]);
}

const insert = prepared<NonceValues>()(insertNonce);

export class SqlNonces implements NoncePort {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async take(
    deviceId: string,
    nonce: string,
    expiresAt: number,
    now: number,
    limit: number,
  ): Promise<'taken' | 'seen' | 'full' | 'gone'> {
    const values = { deviceId, nonce, expiresAt, now, limit };
    const taken = await orGone(() => insert.first(this.db, values));
    if (taken) return taken === 'gone' ? 'gone' : 'taken';
    return (await this.seen(deviceId, nonce, now)) ? 'seen' : 'full';
  }

  async sweep(now: number): Promise<void> {
    await this.db.deleteFrom('nonces').where('expires_at', '<=', now).execute();
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
