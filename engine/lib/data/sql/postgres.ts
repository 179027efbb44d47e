import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { LaunchKeyEngineError } from '../../errors.js';
import type { Faults } from '../../observability/faults.js';
import { CachedIdentities } from '../cached-identities.js';
import type { Data } from '../data.js';
import { DataFault } from '../data-faults.js';
import type { DatabaseOptions } from '../database-options.js';
import { PostgresAnnouncements } from './announcements.js';
import { SqlCalls } from './calls.js';
import { migrate } from './migrate.js';
import { migrations } from './migrations/all.js';
import { nameStatements } from './named-statements.js';
import { SqlPorts } from './ports.js';
import type { Schema } from './schema.js';
import { sweepAtIntervals } from './sweep-interval.js';
import type { Vault } from './vault.js';

const BIGINT = 20;

/** Opens a PostgreSQL database, which several engines may share. */
export async function openPostgres(
  url: string,
  vault: Vault,
  faults: Faults,
  options: DatabaseOptions = {},
): Promise<Data> {
  const pool = openPool(url, faults, options);
  const db = new Kysely<Schema>({
    dialect: new PostgresDialect({ pool: nameStatements(pool, faults) }),
  });
  try {
    await migrate(db, migrations, options.schema);
  } catch (error) {
    await db.destroy();
    if (error instanceof LaunchKeyEngineError) throw error;
    // Without the message, which may contain the URL with its password.
    const { code } = error as { code?: unknown };
    throw new LaunchKeyEngineError(
      'ENGINE_DATA',
      `The database cannot be used (${typeof code === 'string' ? code : 'no answer'}). Check that PostgreSQL runs, that databaseUrl is right, and that its user may create tables.`,
    );
  }
  const announcements = new PostgresAnnouncements(options.listenUrl ?? url, pool, faults);
  await announcements.listen();
  const ports = new SqlPorts(db, vault);
  return {
    ...ports,
    identities: new CachedIdentities(ports.identities),
    announcements,
    calls: new SqlCalls(db, ports.requests),
    sweep: sweepAtIntervals((now, retention) => ports.sweep(now, retention)),
    check: async () => {
      await ports.check();
      await refuseReadOnly(db);
      await announcements.check();
    },
    close: async () => {
      await announcements.close();
      await db.destroy();
    },
  };
}

/** A standby, and a primary whose transactions are read-only by default. */
async function refuseReadOnly(db: Kysely<Schema>): Promise<void> {
  const setting = sql<{ value: string }>`select current_setting('transaction_read_only') as value`;
  const { rows } = await setting.execute(db);
  if (rows[0]?.value === 'off') return;
  throw new DataFault('25006', 'PostgreSQL accepts no writes: it is a standby, or read-only.');
}

/** The connections of one engine; a broken one is replaced on the next query. */
export function openPool(
  url: string,
  faults: Faults,
  { schema, poolSize = 10, statementTimeout = 10_000 }: DatabaseOptions = {},
): pg.Pool {
  const connections = faults.watch(
    'a database connection was lost',
    'database connections are made again',
    { level: 'warn' },
  );
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    ...(schema !== undefined && { options: `-c search_path=${schema}` }),
    connectionTimeoutMillis: 3000,
    // A later answer is of no use to the call that waits for it.
    query_timeout: statementTimeout,
    keepAlive: true,
    types: { getTypeParser: parser },
  });
  // Without listeners, a lost connection ends the process: an idle one reports to the pool, one within
  // a transaction itself. Its next statement fails.
  pool.on('error', () => {});
  pool.on('connect', (client) => {
    connections.worked();
    client.on('error', (error) => connections.failed(error));
  });
  return pool;
}

/** Times and counts fit a number: 2^53 milliseconds are 285,000 years. */
function parser(type: number, format?: unknown) {
  if (type === BIGINT) return Number;
  return pg.types.getTypeParser(type, format as 'text');
}
