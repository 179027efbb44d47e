import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, onTestFinished } from 'vitest';
import { MemoryRepository } from '../../lib/data/memory/index.js';
import type { Repository } from '../../lib/data/repository.js';
import { openPostgres } from '../../lib/data/sql/postgres.js';
import { openSqlite } from '../../lib/data/sql/sqlite.js';
import { Vault } from '../../lib/data/sql/vault.js';
import { silent } from '../../lib/observability/logger.js';
import { describeWithPostgres } from './postgres.js';

/** The same tests for each place where data can be kept, each with a repository of its own. */
export function describeRepositories(
  name: string,
  tests: (make: () => Promise<Repository>) => void,
): void {
  const vault = new Vault(Vault.newKey());
  describe(`${name} in memory`, () => tests(async () => new MemoryRepository()));
  describe(`${name} in SQLite`, () =>
    tests(async () => await openSqlite(join(await temporary(), 'data.db'), vault)));
  describeWithPostgres(`${name} in PostgreSQL`, (server) =>
    tests(async () => await openPostgres(await server().database(), vault, silent)),
  );
}

/** A folder that is gone when the test is finished. */
export async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'engine-data-'));
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }));
  return folder;
}
