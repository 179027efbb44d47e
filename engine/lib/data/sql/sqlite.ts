import { chmodSync, closeSync, openSync } from 'node:fs';
import { Kysely, SqliteDialect } from 'kysely';
import Libsql from 'libsql';
import { LaunchKeyEngineError } from '../../errors.js';
import { SqlDeliveries } from './deliveries.js';
import { SqlRepository } from './index.js';
import { migrate } from './migrate.js';
import type { Schema } from './schema.js';
import type { Vault } from './vault.js';

/**
 * Opens the data file, which is made if there is none, for this process alone.
 *
 * Each step is on the disk before it counts as done (`synchronous = FULL`), so that neither a killed
 * process nor a power cut takes back what somebody was told.
 */
export async function openSqlite(file: string, vault: Vault): Promise<SqlRepository> {
  makePrivate(file);
  const lock = lockFile(file);
  try {
    const database = new Libsql(file, { timeout: 5000 });
    for (const setting of ['journal_mode = WAL', 'synchronous = FULL', 'foreign_keys = ON']) {
      database.pragma(setting);
    }
    const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: reusing(database) }) });
    await migrate(db);
    // What an engine that was killed had begun to send is sent at once, and not when its claim is over.
    await new SqlDeliveries(db).release();
    return new SqlRepository(db, vault, async () => {
      lock.close();
    });
  } catch (error) {
    lock.close();
    throw unusable(file, error);
  }
}

function unusable(file: string, error: unknown): LaunchKeyEngineError {
  if (error instanceof LaunchKeyEngineError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return new LaunchKeyEngineError(
    'ENGINE_DATA',
    `The data file ${file} cannot be used: ${code ? `${message} (${code})` : message}.`,
    { cause: error },
  );
}

/** With no rights for others from the first moment; SQLite gives its side files the same mode. */
function makePrivate(file: string): void {
  try {
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
  } catch (error) {
    throw new LaunchKeyEngineError(
      'ENGINE_DATA',
      `The data file ${file} cannot be opened: ${(error as NodeJS.ErrnoException).code}.`,
      { cause: error },
    );
  }
}

/**
 * A second engine on the same file would not hear of what the first one does. The lock is one of
 * SQLite's own on a file beside it: the system takes it away from a process that is killed.
 */
function lockFile(file: string): Libsql.Database {
  makePrivate(`${file}.lock`);
  const lock = new Libsql(`${file}.lock`);
  try {
    lock.exec('begin exclusive');
  } catch (error) {
    lock.close();
    if ((error as NodeJS.ErrnoException).code !== 'SQLITE_BUSY') {
      throw unusable(`${file}.lock`, error);
    }
    throw new LaunchKeyEngineError(
      'ENGINE_DATA',
      `Another engine uses the data file ${file}: stop it, or use PostgreSQL for several nodes.`,
      { cause: error },
    );
  }
  return lock;
}

/** Keeps prepared statements: the texts are few, and to prepare one costs as much as to run it. */
function reusing(database: Libsql.Database) {
  const statements = new Map<string, Libsql.Statement>();
  return {
    prepare(text: string) {
      let statement = statements.get(text);
      if (!statement) {
        statement = database.prepare(text);
        if (statements.size < 500 && /^(select|insert|update|delete|with) /i.test(text)) {
          statements.set(text, statement);
        }
      }
      return statement as never;
    },
    close() {
      statements.clear();
      database.close();
    },
  };
}
