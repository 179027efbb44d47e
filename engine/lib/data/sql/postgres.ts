import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { LaunchKeyEngineError } from '../../errors.js';
import type { Logger } from '../../observability/logger.js';
import { Announcements } from './announcements.js';
import { SqlRepository } from './index.js';
import { migrate } from './migrate.js';
import type { Schema } from './schema.js';
import type { Vault } from './vault.js';

const BIGINT = 20;

/** Opens a PostgreSQL database, which several engines may share. */
export async function openPostgres(
  url: string,
  vault: Vault,
  logger: Logger,
): Promise<SqlRepository> {
  const pool = openPool(url, logger);
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) });
  try {
    await migrate(db);
  } catch (error) {
    await db.destroy();
    if (error instanceof LaunchKeyEngineError) throw error;
    // Not the message, which may hold the URL and the password in it.
    const { code } = error as { code?: unknown };
    throw new LaunchKeyEngineError(
      'ENGINE_DATA',
      `The database cannot be used (${typeof code === 'string' ? code : 'no answer'}): see that PostgreSQL runs, that databaseUrl is right, and that its user may make tables.`,
    );
  }
  const announcements = new Announcements(url, pool, logger);
  await announcements.listen();
  return new SqlRepository(db, vault, async () => {}, announcements);
}

/** The connections of one engine; one that breaks is replaced by the next that is needed. */
export function openPool(url: string, logger: Logger): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 3000,
    // An answer that takes longer is of no use to the call that waits for it.
    query_timeout: 10_000,
    keepAlive: true,
    types: { getTypeParser: parser },
  });
  // The pool says so of connections that nobody uses. One that breaks between two statements of a
  // transaction would end the process if nobody listened; the next statement on it fails.
  pool.on('error', () => {});
  pool.on('connect', (client) => {
    client.on('error', (error) => logger.warn({ err: error }, 'a database connection was lost'));
  });
  return pool;
}

/** Times and counts fit a number: 2^53 milliseconds are 285,000 years. */
function parser(type: number, format?: unknown) {
  if (type === BIGINT) return Number;
  return pg.types.getTypeParser(type, format as 'text');
}
