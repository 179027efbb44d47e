import type { SecretPort } from '../ports/secrets.js';
import type { Database } from './schema.js';
import type { Vault } from './vault.js';

export class SqlSecrets implements SecretPort {
  private readonly db: Database;
  private readonly vault: Vault;

  constructor(db: Database, vault: Vault) {
    this.db = db;
    this.vault = vault;
  }

  async ensure(name: string, candidate: string): Promise<string> {
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
}
