import type { PostgresPool, PostgresPoolClient } from 'kysely';
import type pg from 'pg';
import type { Faults, Watched } from '../../observability/faults.js';
import { nameOfStatement } from './prepared.js';

/** PostgreSQL's codes for a named statement that is missing, exists, or was made for other tables. */
const UNUSABLE_NAME = ['26000', '42P05', '0A000'];

/**
 * The pool, with a name for each prepared statement: a connection parses and plans it once.
 *
 * A connection pooler that hands each transaction to another connection may know no names. After its
 * first error this process names no more statements. The statement that failed has not run, and runs
 * again without a name. Statements within a transaction have none, since no error may end it.
 */
export function nameStatements(pool: pg.Pool, faults: Faults): PostgresPool {
  const naming = new Naming(faults);
  const known = new WeakMap<pg.PoolClient, NamingClient>();
  return {
    connect: async () => {
      const client = await pool.connect();
      const wrapped = known.get(client) ?? new NamingClient(client, naming);
      known.set(client, wrapped);
      // Kysely's type also has cursors, which no port uses.
      return wrapped as unknown as PostgresPoolClient;
    },
    end: () => pool.end(),
  };
}

class Naming {
  private readonly watched: Watched;
  private on = true;

  constructor(faults: Faults) {
    this.watched = faults.watch(
      'statements are not prepared any more: a connection pooler or a newer engine changed the connection',
      'statements are prepared again',
      { level: 'warn' },
    );
  }

  nameOf(text: string): string | undefined {
    return this.on ? nameOfStatement(text) : undefined;
  }

  stop(error: unknown): void {
    if (!this.on) return;
    this.on = false;
    this.watched.failed(error);
  }
}

class NamingClient {
  private readonly client: pg.PoolClient;
  private readonly naming: Naming;
  private inTransaction = false;

  constructor(client: pg.PoolClient, naming: Naming) {
    this.client = client;
    this.naming = naming;
  }

  async query(text: string, values: unknown[]): Promise<pg.QueryResult> {
    if (text === 'begin' || text.startsWith('start transaction')) this.inTransaction = true;
    const name = this.inTransaction ? undefined : this.naming.nameOf(text);
    if (name === undefined) return await this.client.query(text, values);
    try {
      return await this.client.query({ name, text, values });
    } catch (error) {
      if (!UNUSABLE_NAME.includes((error as { code?: string }).code ?? '')) throw error;
      this.naming.stop(error);
      return await this.client.query(text, values);
    }
  }

  release(): void {
    this.inTransaction = false;
    this.client.release();
  }
}
