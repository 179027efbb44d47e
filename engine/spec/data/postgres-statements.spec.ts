import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { expect, it, onTestFinished, vi } from 'vitest';
import { migrate } from '../../lib/data/sql/migrate.js';
import { nameStatements } from '../../lib/data/sql/named-statements.js';
import { SqlPorts } from '../../lib/data/sql/ports.js';
import { openPool, openPostgres } from '../../lib/data/sql/postgres.js';
import type { Schema } from '../../lib/data/sql/schema.js';
import { Vault } from '../../lib/data/sql/vault.js';
import { Faults } from '../../lib/observability/faults.js';
import { silent } from '../../lib/observability/logger.js';
import { noFaults } from '../support/faults.js';
import { describeWithPostgres } from '../support/postgres.js';

describeWithPostgres('with PostgreSQL,', (server) => {
  /** Ports on one connection, and that connection. */
  async function open() {
    const warn = vi.fn();
    const pool = openPool(await server().database(), noFaults);
    const dialect = new PostgresDialect({
      pool: nameStatements(pool, new Faults({ ...silent, warn }, Date.now)),
    });
    const db = new Kysely<Schema>({ dialect });
    onTestFinished(async () => await db.destroy());
    await migrate(db);
    const connection = await pool.connect();
    connection.release();
    expect(pool.totalCount).toBe(1);
    return { ports: new SqlPorts(db, new Vault(Vault.newKey())), connection, warn };
  }

  const names = async (connection: pg.PoolClient) =>
    (await connection.query('select name from pg_prepared_statements')).rows;

  it('a statement of a login is prepared once for each connection', async () => {
    const { ports, connection } = await open();
    for (let call = 0; call < 3; call += 1) await ports.apps.get('0');
    expect(await names(connection)).toEqual([{ name: expect.stringMatching(/^launchkey_/) }]);
  });

  it('a pooler that knows no prepared statements costs one error and a warning', async () => {
    const { ports, connection, warn } = await open();
    await ports.apps.get('0');
    await connection.query('deallocate all');
    expect(await ports.apps.get('0')).toBeUndefined();
    expect(await ports.apps.get('0')).toBeUndefined();
    expect(await names(connection)).toEqual([]);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(
      expect.objectContaining({ code: '26000' }),
      expect.stringContaining('statements are not prepared any more'),
    );
  });

  it('statements run on after another engine has changed their tables', async () => {
    const { ports, connection, warn } = await open();
    await ports.devices.get('0');
    await connection.query('alter table devices add column later text');
    expect(await ports.devices.get('0')).toBeUndefined();
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it('relaxed steps do not wait for the disk, and all others do', async () => {
    const data = await openPostgres(await server().database(), new Vault(Vault.newKey()), noFaults);
    onTestFinished(async () => await data.close());
    const query = vi.spyOn(pg.Client.prototype, 'query');
    onTestFinished(() => query.mockRestore());
    const relaxed = async (step: () => Promise<unknown>) => {
      query.mockClear();
      await step();
      const calls = query.mock.calls as unknown as [string | pg.QueryConfig][];
      const texts = calls.map(([given]) => (typeof given === 'string' ? given : given.text));
      const writes = texts.filter((text) => /^(with|insert|update|delete) /.test(text));
      expect(writes).not.toEqual([]);
      return writes.map((text) => text.includes("set_config('synchronous_commit', 'off', true)"));
    };
    const change = { attempts: 1, nextAttemptAt: 1, eventTime: 1 };
    const steps: (() => Promise<unknown>)[] = [
      () => data.nonces.take('none', 'nonce', 1, 0, 1),
      () => data.identities.ensure('hash', 'none', 'sector', 'value'),
      () => data.devices.seen('none', 1),
      () => data.deliveries.claim(1, 1, 1, 1),
      () => data.deliveries.reschedule('none', change),
      () => data.deliveries.delete('none'),
      () => data.rates.take('key', [{ requests: 2, seconds: 1 }], 1),
      () => data.rates.take('key', [{ requests: 2, seconds: 1 }], 1),
    ];
    for (const step of steps) expect(await relaxed(step)).toEqual([true]);
    expect(await relaxed(() => data.sessions.confirm('none', 'none'))).toEqual([false]);
    expect(await relaxed(() => data.apps.setDisabled('none', true))).toEqual([false]);
  });
});
