import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { LaunchKeyEngineError } from '../errors.js';
import type { ResolvedOptions } from '../options.js';
import { MemoryRepository } from './memory/index.js';
import type { Repository } from './repository.js';

/** Opens what the options say: a PostgreSQL database, a data file, or nothing but memory. */
export async function openRepository(options: ResolvedOptions): Promise<Repository> {
  const { data, databaseUrl, logger } = options;
  if (data === undefined && databaseUrl === undefined) return new MemoryRepository();
  // Loaded only here: an engine in memory needs no database driver.
  const { Vault } = await import('./sql/vault.js');
  if (databaseUrl !== undefined) {
    const { openPostgres } = await import('./sql/postgres.js');
    return await openPostgres(databaseUrl, new Vault(givenKey(options)), logger);
  }
  const { openSqlite } = await import('./sql/sqlite.js');
  // Whole, so that `:memory:` and `file:…` are names like all others: the driver means something by them.
  const file = resolve(data as string);
  return await openSqlite(file, new Vault(keyBeside(file, options, Vault.newKey)));
}

/** Several nodes share a database, and so a key, which none of them may make up. */
function givenKey({ key, keyFile }: ResolvedOptions): string {
  if (key !== undefined) return key;
  if (keyFile !== undefined) return read(keyFile);
  throw new LaunchKeyEngineError(
    'ENGINE_INVALID_OPTION',
    'With databaseUrl the engine needs its key: the option key or keyFile (LAUNCHKEY_ENGINE_KEY or --key-file), base64 of 32 bytes, the same for all nodes. Make one with "openssl rand -base64 32".',
  );
}

/** The key of a data file: made beside it with the file, never later. */
function keyBeside(file: string, options: ResolvedOptions, newKey: () => string): string {
  if (options.key !== undefined) return options.key;
  const path = options.keyFile ?? `${file}.key`;
  if (existsSync(path)) return read(path);
  if (existsSync(file)) {
    throw new LaunchKeyEngineError(
      'ENGINE_DATA',
      `There is the data file ${file}, and its key ${path} is missing: put it back, for no other one opens the data.`,
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
