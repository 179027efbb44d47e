import { chmodSync, closeSync, openSync } from 'node:fs';
import { Kysely, SqliteDialect } from 'kysely';
import Libsql from 'libsql';
import { LaunchKeyEngineError } from '../../errors.js';
import { SqlData } from './data.js';
import { SqlDeliveries } from './deliveries.js';
import { migrate } from './migrate.js';
import type { Schema } from './schema.js';
import type { Vault } from './vault.js';

/**
 * Opens the data file for this process alone, and creates it if it does not exist.
 *
 * Each step is on the disk before it is acknowledged (`synchronous = FULL`): neither a killed process
 * nor a power cut undoes it.
 */
export async function openSqlite(file: string, vault: Vault): Promise<SqlData> {
  makePrivate(file);
  const lock = lockFile(file);
  try {
    const database = new Libsql(file, { timeout: 5000 });
    for (const setting of ['journal_mode = WAL', 'synchronous = FULL', 'foreign_keys = ON']) {
      database.pragma(setting);
    }
    const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: reusing(database) }) });
    await migrate(db);
    // Events that a killed engine was sending are due now, not when its claim expires.
    await new SqlDeliveries(db).release();
    return new SqlData(db, vault, async () => {
      await db.destroy();
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

/** Creates the file without access for others; SQLite creates its side files with the same mode. */
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
 * Locks out a second engine, which would not notice the changes of the first. It is SQLite's own lock
 * on a file beside the data, since the system releases it when the process is killed.
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
      `Another engine uses the data file ${file}. Stop it, or use PostgreSQL for several nodes.`,
      { cause: error },
    );
  }
  return lock;
}

/** Keeps prepared statements: there are few texts, and preparing one costs as much as running it. */
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
