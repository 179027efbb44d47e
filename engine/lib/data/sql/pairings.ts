import type { PairingPort, PairingRecord } from '../ports/pairings.js';
import type { Database, PairingRow } from './schema.js';

export class SqlPairings implements PairingPort {
  private readonly db: Database;

  constructor(db: Database) {
    this.db = db;
  }

  async put(pairing: PairingRecord): Promise<void> {
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

  async take(
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

  async byImage(imageHash: string, now: number): Promise<PairingRecord | undefined> {
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
}

export function pairingRecord(row: PairingRow): PairingRecord {
  return {
    userId: row.user_id,
    codeHash: row.code_hash,
    linkHash: row.link_hash,
    imageHash: row.image_hash,
    expiresAt: row.expires_at,
  };
}
