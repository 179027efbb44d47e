import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import Libsql from 'libsql';

/** Statements that are kept prepared. There are fewer texts than this. */
const MAX_STATEMENTS = 500;
/** How long a statement waits for the lock of another process, such as one that makes a backup. */
const BUSY_TIMEOUT_MS = 5000;

/**
 * One connection to an SQLite file. Its steps run one after the other. A transaction within another one
 * is a savepoint, so that a step is undone alone when its batch is one transaction.
 */
export class LibsqlConnection implements DatabaseConnection {
  private readonly database: Libsql.Database;
  private readonly statements = new Map<string, Libsql.Statement>();
  private depth = 0;
  private synchronous: 'NORMAL' | 'FULL' | undefined;

  constructor(file: string) {
    this.database = new Libsql(file, { timeout: BUSY_TIMEOUT_MS });
    this.database.pragma('journal_mode = WAL');
    this.database.pragma('foreign_keys = ON');
    this.setSynchronous('FULL');
  }

  /** `FULL`: a commit waits for the disk. `NORMAL`: it waits for the operating system only. */
  setSynchronous(synchronous: 'NORMAL' | 'FULL'): void {
    if (synchronous === this.synchronous) return;
    this.database.exec(`pragma synchronous = ${synchronous}`);
    this.synchronous = synchronous;
  }

  begin(): void {
    this.run(this.depth === 0 ? 'begin immediate' : `savepoint step${this.depth}`);
    this.depth += 1;
  }

  commit(): void {
    this.run(this.depth === 1 ? 'commit' : `release step${this.depth - 1}`);
    this.depth -= 1;
  }

  /** Does nothing if an error such as a full disk has undone the whole transaction already. */
  rollback(): void {
    this.depth -= 1;
    if (!this.database.inTransaction) return;
    if (this.depth === 0) {
      this.run('rollback');
    } else {
      this.run(`rollback to step${this.depth}`);
      this.run(`release step${this.depth}`);
    }
  }

  get inTransaction(): boolean {
    return this.database.inTransaction;
  }

  async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    const statement = this.prepare(sql);
    if (statement.reader) return { rows: statement.all(...parameters) as Row[] };
    const { changes, lastInsertRowid } = statement.run(...parameters);
    return {
      rows: [],
      numAffectedRows: BigInt(changes),
      insertId: BigInt(lastInsertRowid),
    };
  }

  // biome-ignore lint/correctness/useYield: Kysely's interface has it, and no port streams.
  async *streamQuery<Row>(): AsyncIterableIterator<QueryResult<Row>> {
    throw new Error('SQLite queries are not streamed.');
  }

  close(): void {
    this.statements.clear();
    this.database.close();
  }

  private run(text: string): void {
    this.prepare(text).run();
  }

  private prepare(text: string): Libsql.Statement {
    const known = this.statements.get(text);
    if (known) return known;
    const statement = this.database.prepare(text);
    // Statements that change the schema run once.
    const repeated =
      /^(select|insert|update|delete|with|begin|commit|rollback|savepoint|release) ?/i;
    if (repeated.test(text) && this.statements.size < MAX_STATEMENTS) {
      this.statements.set(text, statement);
    }
    return statement;
  }
}

/** Kysely's dialect for one connection, whose steps run one after the other. */
export class LibsqlDialect implements Dialect {
  private readonly connection: LibsqlConnection;

  constructor(connection: LibsqlConnection) {
    this.connection = connection;
  }

  createDriver(): Driver {
    const { connection } = this;
    return {
      async init() {},
      acquireConnection: async () => connection,
      beginTransaction: async () => connection.begin(),
      commitTransaction: async () => connection.commit(),
      rollbackTransaction: async () => connection.rollback(),
      async releaseConnection() {},
      destroy: async () => connection.close(),
    };
  }

  createQueryCompiler() {
    return new SqliteQueryCompiler();
  }

  createAdapter() {
    return new SqliteAdapter();
  }

  createIntrospector(db: Kysely<unknown>) {
    return new SqliteIntrospector(db);
  }
}
