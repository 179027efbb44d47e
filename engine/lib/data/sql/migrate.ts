import { type Kysely, type Migration, Migrator, sql } from 'kysely';
import { LaunchKeyEngineError } from '../../errors.js';
import { migrations } from './migrations/all.js';
import { isSqlite } from './relaxed.js';
import type { Schema } from './schema.js';

/** The tables that say which migrations have run. Other programs use the names of Kysely, too. */
const MIGRATION_TABLE = 'launchkey_migration';
const LOCK_TABLE = 'launchkey_migration_lock';
/** Their names in data of earlier versions. */
const EARLIER_TABLE = 'kysely_migration';
const EARLIER_LOCK_TABLE = 'kysely_migration_lock';

const TABLES: { readonly [Table in keyof Schema]: true } = {
  apps: true,
  users: true,
  identities: true,
  pairings: true,
  rates: true,
  requests: true,
  deliveries: true,
  ping_keys: true,
  devices: true,
  nonces: true,
  receipts: true,
  fraud: true,
  audit: true,
  secrets: true,
  nodes: true,
};

/**
 * Migrates the tables to this version, in `schema` or where the connection finds its tables. Of several
 * processes at once, one migrates and others wait. Tables of another program are left as they are.
 */
export async function migrate(
  db: Kysely<Schema>,
  known: Record<string, Migration> = migrations,
  schema?: string,
): Promise<void> {
  const migrationTableSchema = isSqlite(db) ? undefined : await schemaOf(db, schema);
  await claimTables(db, migrationTableSchema);
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => known },
    migrationTableName: MIGRATION_TABLE,
    migrationLockTableName: LOCK_TABLE,
    ...(migrationTableSchema !== undefined && { migrationTableSchema }),
  });
  const { error } = await migrator.migrateToLatest();
  if (!error) return;
  if (error instanceof Error && /corrupted migrations/.test(error.message)) {
    throw new LaunchKeyEngineError(
      'ENGINE_DATA',
      'The data was made by a newer version of the engine. Start that version, or restore a backup.',
      { cause: error },
    );
  }
  throw error;
}

/** The schema of the tables, which the migrator looks for in all schemas unless it is told one. */
async function schemaOf(db: Kysely<Schema>, wanted: string | undefined): Promise<string> {
  if (wanted !== undefined) return wanted;
  const query = sql<{ schema: string | null }>`select current_schema() as schema`;
  const [row] = (await query.execute(db)).rows;
  if (row?.schema) return row.schema;
  throw new LaunchKeyEngineError(
    'ENGINE_DATA',
    'The search_path of the database connection names no schema that exists. Create that schema, or set database.schema (--database-schema).',
  );
}

/** Takes over the tables of an earlier version, and refuses those of another program. */
async function claimTables(db: Kysely<Schema>, schema: string | undefined): Promise<void> {
  const tables = await tablesIn(db, schema);
  if (tables.has(MIGRATION_TABLE)) return;
  const own = Object.keys(TABLES).filter((table) => tables.has(table));
  if (own.length === 0) return;
  if (await isEarlierVersion(db, schema, tables)) {
    await takeOver(db, schema);
    return;
  }
  const where = schema === undefined ? 'The data file' : `The schema ${JSON.stringify(schema)}`;
  throw new LaunchKeyEngineError(
    'ENGINE_DATA',
    `${where} has tables of another program: ${own.join(', ')}. Nothing was changed. ${
      schema === undefined
        ? 'Choose another file.'
        : 'Set database.schema (--database-schema) to a schema for the engine alone.'
    }`,
  );
}

async function tablesIn(db: Kysely<Schema>, schema: string | undefined): Promise<Set<string>> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  const ofSchema = tables.filter((table) => schema === undefined || table.schema === schema);
  return new Set(ofSchema.map(({ name }) => name));
}

/** Every earlier version has these tables and has run its first migration. */
async function isEarlierVersion(
  db: Kysely<Schema>,
  schema: string | undefined,
  tables: ReadonlySet<string>,
): Promise<boolean> {
  const needed = [EARLIER_TABLE, 'apps', 'users', 'requests', 'deliveries', 'ping_keys'];
  if (!needed.every((table) => tables.has(table))) return false;
  const name = sql.table(qualified(schema, EARLIER_TABLE));
  const { rows } = await sql<{ name: string }>`select name from ${name}`.execute(db);
  return rows.some((row) => row.name === '0001-first');
}

/** Of several processes at once, the first renames the tables. */
async function takeOver(db: Kysely<Schema>, schema: string | undefined): Promise<void> {
  const rename = async (trx: Kysely<Schema>) => {
    for (const [before, after] of [
      [EARLIER_TABLE, MIGRATION_TABLE],
      [EARLIER_LOCK_TABLE, LOCK_TABLE],
    ] as const) {
      const table = sql.table(qualified(schema, before));
      await sql`alter table ${table} rename to ${sql.table(after)}`.execute(trx);
    }
  };
  try {
    await db.transaction().execute(rename);
  } catch (error) {
    if (!(await tablesIn(db, schema)).has(MIGRATION_TABLE)) throw error;
  }
}

function qualified(schema: string | undefined, table: string): string {
  return schema === undefined ? table : `${schema}.${table}`;
}
