import { LaunchKeyEngineError } from '../errors.js';
import type { Faults } from '../observability/faults.js';
import type { Logger } from '../observability/logger.js';
import type { Data } from './data.js';
import { prepareFile, readKeyFile } from './data-file.js';
import type { DatabaseOptions } from './database-options.js';
import { MemoryData } from './memory/data.js';

/** The options that say where the data is. */
export interface DataLocation {
  data?: string | undefined;
  databaseUrl?: string | undefined;
  database?: DatabaseOptions | undefined;
  key?: string | undefined;
  keyFile?: string | undefined;
  faults: Faults;
  logger: Logger;
}

/** Opens the PostgreSQL database or data file that the options name, or keeps data in memory. */
export async function openData(options: DataLocation): Promise<Data> {
  const { data, databaseUrl, faults } = options;
  if (data === undefined && databaseUrl === undefined) return new MemoryData();
  // Imported here, since an engine in memory needs no database driver.
  const { Vault } = await import('./sql/vault.js');
  if (databaseUrl !== undefined) {
    const { openPostgres } = await import('./sql/postgres.js');
    return await openPostgres(databaseUrl, new Vault(givenKey(options)), faults, options.database);
  }
  const { openSqlite } = await import('./sql/sqlite.js');
  const { file, key } = prepareFile(data as string, options, Vault.newKey);
  return await openSqlite(file, key, faults);
}

/** Several nodes share a database and its key, so that none of them can create one. */
function givenKey({ key, keyFile }: DataLocation): string {
  if (key !== undefined) return key;
  if (keyFile !== undefined) return readKeyFile(keyFile);
  throw new LaunchKeyEngineError(
    'ENGINE_INVALID_OPTION',
    'databaseUrl requires the option key or keyFile (LAUNCHKEY_ENGINE_KEY or --key-file): base64 of 32 bytes, the same for all nodes. Create one with "openssl rand -base64 32".',
  );
}
