import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { describeWith } from '../../spec/support/programs.js';
import { Vault } from '../lib/data/sql/vault.js';
import { type EngineOptions, startEngine } from '../lib/index.js';
import { Application } from './support/application.js';
import { Device } from './support/device.js';
import { http } from './support/http.js';
import { behindPgBouncer, PGBOUNCER_MISSING, pgbouncerPath } from './support/pgbouncer.js';
import { describeWithPostgres } from './support/postgres.js';

const key = Vault.newKey();

async function open(options: EngineOptions) {
  const engine = await startEngine({ key, virtualDevices: true, rateLimit: false, ...options });
  onTestFinished(async () => await engine.close());
  return engine;
}

describeWithPostgres('a database that other programs use', (server) => {
  async function database() {
    const databaseUrl = await server().database();
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    onTestFinished(async () => await client.end());
    const tables = async () =>
      (
        await client.query(
          "select table_schema || '.' || table_name as name from information_schema.tables where table_schema not in ('pg_catalog', 'information_schema') order by 1",
        )
      ).rows.map(({ name }) => name);
    return { databaseUrl, client, tables };
  }

  it('may have migrations of its own by Kysely', async () => {
    const { databaseUrl, client } = await database();
    await client.query(
      'create table kysely_migration (name varchar primary key, timestamp varchar)',
    );
    await client.query("insert into kysely_migration values ('2024-01-first', '')");
    const engine = await open({ databaseUrl });
    await engine.createUser('alice');
    const { rows } = await client.query('select name from kysely_migration');
    expect(rows).toEqual([{ name: '2024-01-first' }]);
  });

  it('is left as it is where a table has a name that the engine needs', async () => {
    const { databaseUrl, client, tables } = await database();
    await client.query('create table users (id integer)');
    await expect(open({ databaseUrl })).rejects.toMatchObject({
      code: 'ENGINE_DATA',
      message: expect.stringMatching(
        /^The schema "public" has tables of another program: users\. .*--database-schema/,
      ),
    });
    expect(await tables()).toEqual(['public.users']);
    await open({ databaseUrl, database: { schema: 'launchkey' } });
    expect(await tables()).toContain('launchkey.users');
  });

  it('holds engines in several schemas that know nothing of each other', async () => {
    const { databaseUrl } = await database();
    for (const schema of ['one', 'two']) {
      const engine = await open({ databaseUrl, database: { schema, poolSize: 2 } });
      await engine.createUser('alice');
      const application = new Application(engine.url, await engine.createApp({ name: 'Shop' }));
      await engine.answer(await application.authorize('alice'), true);
      expect(await engine.users()).toHaveLength(1);
    }
  });

  it('is refused where the search path names no schema', async () => {
    const { databaseUrl } = await database();
    const options = encodeURIComponent('-c search_path=missing');
    await expect(open({ databaseUrl: `${databaseUrl}?options=${options}` })).rejects.toMatchObject({
      code: 'ENGINE_DATA',
      message: expect.stringContaining('names no schema that exists'),
    });
  });

  const program = { name: 'PgBouncer', found: pgbouncerPath() !== undefined };
  describeWith({ ...program, missing: PGBOUNCER_MISSING }, 'behind PgBouncer', () => {
    const readyz = async ({ url }: { url: string }) => (await http(`${url}/readyz`)).text.trim();
    const PATIENT = { timeout: 20_000, interval: 50 };

    it('is reported, because notifications are lost', async () => {
      const { databaseUrl } = await database();
      const engine = await open({ databaseUrl: await behindPgBouncer(server(), databaseUrl) });
      await expect
        .poll(() => readyz(engine), PATIENT)
        .toBe('the database delivers no notifications');
      const { faults } = await engine.status();
      expect(faults.map(({ code }) => code)).toContain('NOTIFY_LOST');
    });

    it('serves several engines that listen at PostgreSQL itself', async () => {
      const { databaseUrl } = await database();
      const options = {
        databaseUrl: await behindPgBouncer(server(), databaseUrl),
        database: { listenUrl: databaseUrl },
      };
      const [first, second] = [await open(options), await open(options)];
      await expect.poll(() => readyz(second), PATIENT).toBe('ok');
      await first.createUser('alice');
      const application = new Application(first.url, await first.createApp({ name: 'Shop' }));
      const phone = await Device.paired(second.url, (await first.pairDevice('alice')).code);
      const { version } = (await phone.state()).body;
      const state = phone.state(version, 60);
      const authRequest = await application.authorize('alice');
      expect((await state).body.requests).toMatchObject([{ authRequest }]);
      expect(await readyz(first)).toBe('ok');
    });
  });
});
