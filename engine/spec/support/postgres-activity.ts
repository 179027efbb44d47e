import type pg from 'pg';

/** Sessions in which an engine listens to the others. */
export const LISTENING = "query like 'listen %'";
/** Sessions whose statement waits for a lock. */
export const WAITING = "wait_event_type = 'Lock'";

/** Resolves when so many sessions of the client's database, or more, are of this kind. */
export async function untilSessions(
  client: pg.Client,
  kind: string,
  sessions: number,
): Promise<void> {
  for (let found = 0; found < sessions; ) {
    const { rowCount } = await client.query(
      `select from pg_stat_activity where ${kind} and datname = current_database()`,
    );
    found = rowCount ?? 0;
    // The activity is a snapshot for as long as a transaction is not told otherwise.
    await client.query('select pg_stat_clear_snapshot()');
  }
}
