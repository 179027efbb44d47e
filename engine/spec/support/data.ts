import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, onTestFinished } from 'vitest';
import type { Data } from '../../lib/data/data.js';
import { MemoryData } from '../../lib/data/memory/data.js';
import { openPostgres } from '../../lib/data/sql/postgres.js';
import { openSqlite } from '../../lib/data/sql/sqlite.js';
import { Vault } from '../../lib/data/sql/vault.js';
import { noFaults } from './faults.js';
import { describeWithPostgres } from './postgres.js';

/** Runs the same tests in memory, in SQLite and in PostgreSQL, each on data of its own. */
export function describeData(name: string, tests: (make: () => Promise<Data>) => void): void {
  const key = Vault.newKey();
  describe(`${name} in memory`, () => tests(async () => new MemoryData()));
  describe(`${name} in SQLite`, () =>
    tests(async () => await openSqlite(join(await temporary(), 'data.db'), key, noFaults)));
  describeWithPostgres(`${name} in PostgreSQL`, (server) =>
    tests(async () => await openPostgres(await server().database(), new Vault(key), noFaults)),
  );
}

/** A folder that is deleted when the test is finished. */
export async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'engine-data-'));
  onTestFinished(async () => await rm(folder, { recursive: true, force: true }));
  return folder;
}
