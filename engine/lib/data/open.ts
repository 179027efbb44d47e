import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { LaunchKeyEngineError } from '../errors.js';
import type { Faults } from '../observability/faults.js';
import type { Data } from './data.js';
import { MemoryData } from './memory/data.js';

/** The options that say where the data is. */
export interface DataLocation {
  data?: string | undefined;
  databaseUrl?: string | undefined;
  key?: string | undefined;
  keyFile?: string | undefined;
  faults: Faults;
}

/** Opens the PostgreSQL database or data file that the options name, or keeps data in memory. */
export async function openData(options: DataLocation): Promise<Data> {
  const { data, databaseUrl, faults } = options;
  if (data === undefined && databaseUrl === undefined) return new MemoryData();
  // Imported here, since an engine in memory needs no database driver.
  const { Vault } = await import('./sql/vault.js');
  if (databaseUrl !== undefined) {
    const { openPostgres } = await import('./sql/postgres.js');
    return await openPostgres(databaseUrl, new Vault(givenKey(options)), faults);
  }
  const { openSqlite } = await import('./sql/sqlite.js');
  // An absolute path, since the driver gives `:memory:` and `file:…` another meaning.
  const file = resolve(data as string);
  return await openSqlite(file, keyBeside(file, options, Vault.newKey), faults);
}

/** Several nodes share a database and its key, so that none of them can create one. */
function givenKey({ key, keyFile }: DataLocation): string {
  if (key !== undefined) return key;
  if (keyFile !== undefined) return read(keyFile);
  throw new LaunchKeyEngineError(
    'ENGINE_INVALID_OPTION',
    'databaseUrl requires the option key or keyFile (LAUNCHKEY_ENGINE_KEY or --key-file): base64 of 32 bytes, the same for all nodes. Create one with "openssl rand -base64 32".',
  );
}

/** The key of a data file, created beside it together with the file and never later. */
function keyBeside(file: string, options: DataLocation, newKey: () => string): string {
  if (options.key !== undefined) return options.key;
  const path = options.keyFile ?? `${file}.key`;
  if (existsSync(path)) return read(path);
  if (existsSync(file)) {
    throw new LaunchKeyEngineError(
      'ENGINE_DATA',
      `Data file ${file} exists, but its key file ${path} is missing. Restore it: no other key can decrypt the data.`,
    );
  }
  const key = newKey();
  try {
    writeFileSync(path, `${key}\n`, { flag: 'wx', mode: 0o600, flush: true });
    chmodSync(path, 0o600);
  } catch (error) {
    throw unusable(path, error);
  }
  return key;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unusable(path, error);
  }
}

function unusable(path: string, error: unknown): LaunchKeyEngineError {
  return new LaunchKeyEngineError(
    'ENGINE_DATA',
    `The key file ${path} cannot be used: ${(error as NodeJS.ErrnoException).code}.`,
    { cause: error },
  );
}
