import type { NoncePort } from '../ports/nonces.js';
import { violatesReference } from './references.js';
import type { Database } from './schema.js';

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
    const taken = await this.insert(deviceId, nonce, expiresAt, now, limit);
    if (taken !== undefined) return taken;
    return (await this.seen(deviceId, nonce, now)) ? 'seen' : 'full';
  }

  async sweep(now: number): Promise<void> {
    await this.db.deleteFrom('nonces').where('expires_at', '<=', now).execute();
  }

  private async insert(
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
      if (violatesReference(error)) return 'gone';
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
