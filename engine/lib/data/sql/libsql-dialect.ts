import { closeSync, fdatasyncSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
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
/** The value of `pragma auto_vacuum` for `INCREMENTAL`. */
const AUTO_VACUUM_INCREMENTAL = 2;
/** Pages that one step gives back, at most: other steps wait for it. */
const MAX_PAGES_GIVEN_BACK = 2000;
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
  private readonly file: string;
  /** The descriptor of the write-ahead log, once {@link syncByCaller} was called. */
  private log: number | undefined;
  /** Whether a statement has changed rows that may not be on the disk. */
  private dirty = false;

  /** Until {@link syncByCaller} is called, each commit waits for the disk. */
  constructor(file: string) {
    this.file = file;
    this.database = new Libsql(file, { timeout: BUSY_TIMEOUT_MS });
    // Before the first table is made; an existing file is changed by `VACUUM` alone.
    this.database.pragma('auto_vacuum = INCREMENTAL');
    this.database.pragma('journal_mode = WAL');
    this.database.pragma('secure_delete = ON');
    this.database.pragma('synchronous = FULL');
    this.database.pragma('foreign_keys = ON');
  }

  /**
   * From now on a commit waits for the operating system only, and {@link sync} for the disk. SQLite could
   * do both by `pragma synchronous`, which costs as much as another statement each time it changes.
   */
  syncByCaller(): void {
    // A read opens the log, which exists until the last connection is closed.
    this.database.prepare('select 1 from sqlite_schema').all();
    this.log = openSync(`${this.file}-wal`, 'r+');
    syncFolder(dirname(this.file));
    fdatasyncSync(this.log);
    this.dirty = false;
    this.database.pragma('synchronous = NORMAL');
  }

  /**
   * Waits until everything that was committed is on the disk. If it throws, nothing is known about the
   * last commits: no later one may be acknowledged.
   */
  sync(): void {
    if (!this.dirty || this.log === undefined) return;
    fdatasyncSync(this.log);
    this.dirty = false;
  }

  /** Rewrites a file from before pages were given back, so that they are from now on. */
  vacuumOnce(): void {
    const [mode] = this.database.prepare('pragma auto_vacuum').all() as { auto_vacuum: number }[];
    if (mode?.auto_vacuum === AUTO_VACUUM_INCREMENTAL) return;
    this.database.exec('pragma auto_vacuum = INCREMENTAL');
    this.database.exec('vacuum');
    this.truncateLog();
  }

  /** Gives free pages back to the file system, and removes what was deleted from the log. */
  tidy(): void {
    this.database.exec(`pragma incremental_vacuum(${MAX_PAGES_GIVEN_BACK})`);
    this.truncateLog();
  }

  /** Does nothing while another process, such as a backup, reads the log. */
  private truncateLog(): void {
    this.database.prepare('pragma wal_checkpoint(truncate)').all();
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
    if (statement.reader) {
      const rows = statement.all(...parameters) as Row[];
      // A statement that changes rows returns them.
      this.dirty ||= rows.length > 0 && !isSelect(sql);
      return { rows };
    }
    const { changes, lastInsertRowid } = statement.run(...parameters);
    this.dirty ||= changes > 0;
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
    this.checkpoint();
    if (this.log !== undefined) closeSync(this.log);
    this.log = undefined;
    this.database.close();
  }

  /** SQLite does it when the last connection closes, and another process may have the file open. */
  private checkpoint(): void {
    try {
      this.database.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // For example a full disk: the log stays beside the file, and the next start reads it.
    }
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

function isSelect(text: string): boolean {
  return text.startsWith('select ');
}

/** The entry of a file that was created is on the disk only with its folder. */
function syncFolder(folder: string): void {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(folder, 'r');
    fsyncSync(descriptor);
  } catch (error) {
    // Windows opens no folders, and some file systems sync none.
    if (
      !['EISDIR', 'EPERM', 'EACCES', 'EINVAL'].includes((error as { code?: string }).code ?? '')
    ) {
      throw error;
    }
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
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
