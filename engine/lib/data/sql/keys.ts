import type { PingKeyRecord } from '../records.js';
import type { Database } from './schema.js';
import type { Vault } from './vault.js';

/** The engine's own keys and secrets, encrypted. */
export class SqlKeys {
  private readonly db: Database;
  private readonly vault: Vault;

  constructor(db: Database, vault: Vault) {
    this.db = db;
    this.vault = vault;
  }

  async secret(name: string, candidate: string): Promise<string> {
    await this.db
      .insertInto('secrets')
      .values({ name, sealed: this.vault.seal(`secret ${name}`, candidate) })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const { sealed } = await this.db
      .selectFrom('secrets')
      .select('sealed')
      .where('name', '=', name)
      .executeTakeFirstOrThrow();
    return this.vault.open(`secret ${name}`, sealed);
  }

  async pingKeys(): Promise<PingKeyRecord[]> {
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

  async addPingKey(
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
      // One key is current: the table lets no second one in.
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
