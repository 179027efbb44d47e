import type { PingKeyPort, PingKeyRecord } from '../ports/ping-keys.js';
import type { Database } from './schema.js';
import type { Vault } from './vault.js';

export class SqlPingKeys implements PingKeyPort {
  private readonly db: Database;
  private readonly vault: Vault;

  constructor(db: Database, vault: Vault) {
    this.db = db;
    this.vault = vault;
  }

  async list(): Promise<PingKeyRecord[]> {
    const rows = await this.db
      .selectFrom('ping_keys')
      .selectAll()
      .orderBy('made_at', 'desc')
      .execute();
    return rows.map((row) => ({
      fingerprint: row.fingerprint,
      madeAt: row.made_at,
      retiresAt: row.retires_at ?? undefined,
      privateKey: this.vault.open(`ping key ${row.fingerprint}`, row.sealed_key),
    }));
  }

  async add(
    { fingerprint, madeAt, privateKey }: PingKeyRecord,
    successorOf: string | undefined,
    retiresAt: number,
  ): Promise<boolean> {
    return await this.db.transaction().execute(async (trx) => {
      if (successorOf !== undefined) {
        const retired = await trx
          .updateTable('ping_keys')
          .set({ retires_at: retiresAt })
          .where('fingerprint', '=', successorOf)
          .where('retires_at', 'is', null)
          .returning('fingerprint')
          .executeTakeFirst();
        if (!retired) return false;
      }
      // The table refuses a second current key.
      const added = await trx
        .insertInto('ping_keys')
        .values({
          fingerprint,
          made_at: madeAt,
          retires_at: null,
          sealed_key: this.vault.seal(`ping key ${fingerprint}`, privateKey),
        })
        .onConflict((conflict) => conflict.doNothing())
        .returning('fingerprint')
        .executeTakeFirst();
      if (successorOf !== undefined && !added) throw new Error('The ping key could not be added.');
      return added !== undefined;
    });
  }

  async sweep(now: number): Promise<void> {
    await this.db.deleteFrom('ping_keys').where('retires_at', '<=', now).execute();
  }
}
