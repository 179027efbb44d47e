import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  openSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { Kysely } from 'kysely';
import Libsql from 'libsql';
import { LaunchKeyEngineError } from '../../errors.js';
import { DataFault } from '../data-faults.js';
import { LibsqlConnection, LibsqlDialect } from './libsql-dialect.js';
import { migrate } from './migrate.js';
import { SqlPorts } from './ports.js';
import type { Schema } from './schema.js';
import type { Vault } from './vault.js';

/** An open data file, which belongs to one thread of one process. */
export interface SqliteFile {
  connection: LibsqlConnection;
  ports: SqlPorts;
  /** Rejects if the data cannot be read, or if its file is gone or read-only. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the data file for this process alone, and creates it if it does not exist. */
export async function openSqliteFile(path: string, vault: Vault): Promise<SqliteFile> {
  makePrivate(path);
  const lock = lockFile(path);
  try {
    const connection = new LibsqlConnection(path);
    const db = new Kysely<Schema>({ dialect: new LibsqlDialect(connection) });
    await migrate(db);
    vacuumIfRoom(path, connection);
    const ports = new SqlPorts(db, vault);
    // Events that a killed engine was sending are due now, not when its claim expires.
    await ports.deliveries.release();
    connection.syncByCaller();
    const { dev, ino } = statSync(path);
    const check = async () => {
      checkFile(path, { dev, ino });
      await ports.check();
    };
    const close = async () => {
      await db.destroy();
      lock.close();
    };
    return { connection, ports, check, close };
  } catch (error) {
    lock.close();
    throw unusable(path, error);
  }
}

/** `VACUUM` writes a copy to a temporary file and then to the log: it needs twice the size of the file. */
function vacuumIfRoom(path: string, connection: LibsqlConnection): void {
  const { bavail, bsize } = statfsSync(path);
  if (bavail * bsize > 2 * statSync(path).size) connection.vacuumOnce();
}

/** SQLite itself goes on reading and writing a file that was deleted or replaced. */
function checkFile(path: string, opened: { dev: number; ino: number }): void {
  const { dev, ino } = statSync(path, { throwIfNoEntry: false }) ?? {};
  if (dev !== opened.dev || ino !== opened.ino) {
    throw new DataFault(
      'DATA_FILE_GONE',
      `The data file ${path} was moved, deleted or replaced. Stop the engine, and restore the file.`,
    );
  }
  accessSync(path, constants.W_OK);
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
