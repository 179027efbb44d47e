/** How the engine uses a PostgreSQL database. */
export interface DatabaseOptions {
  /**
   * Schema for the engine's tables, which is created where it does not exist. Default: the first schema
   * of the connection's `search_path` that exists, `public` as a rule.
   */
  schema?: string;
  /** Maximum number of connections of one engine, besides the one that listens. Default: 10. */
  poolSize?: number;
  /**
   * `postgres://…` URL for the connection that listens for notifications. Needed where `databaseUrl` leads
   * to a pooler that hands out transactions, such as PgBouncer: it delivers no notifications. Default:
   * `databaseUrl`.
   */
  listenUrl?: string;
  /** How long a statement may take, in milliseconds of real time. Default: 10,000. */
  statementTimeout?: number;
}
