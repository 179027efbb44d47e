import { join } from 'node:path';
import pg from 'pg';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { Data } from '../lib/data/data.js';
import { MemoryData } from '../lib/data/memory/data.js';
import { openPostgres } from '../lib/data/sql/postgres.js';
import { openSqlite } from '../lib/data/sql/sqlite.js';
import { Vault } from '../lib/data/sql/vault.js';
import { HeldPolls } from '../lib/domain/held-polls.js';
import { Signals } from '../lib/domain/signals.js';
import { startEngine } from '../lib/index.js';
import { temporary } from './support/data.js';
import { noFaults } from './support/faults.js';
import { describeWithPostgres } from './support/postgres.js';

/** How often an engine that holds a poll has looked for what others have answered. */
async function looks(data: Data): Promise<number> {
  onTestFinished(async () => await data.close());
  const endedSince = vi.spyOn(data.requests, 'endedSince');
  const signals = new Signals(data, Date.now);
  const heldPolls = new HeldPolls(signals);
  await signals.catchUp();
  expect(endedSince).not.toHaveBeenCalled();
  heldPolls.enter('x', 60_000);
  await signals.catchUp();
  await signals.catchUp();
  return endedSince.mock.calls.length;
}

it('does not look for changes of other nodes if the data belongs to one process', async () => {
  const data = join(await temporary(), 'engine.db');
  expect(await looks(new MemoryData())).toBe(0);
  expect(await looks(await openSqlite(data, Vault.newKey(), noFaults))).toBe(0);
});

describeWithPostgres('with a database that others may have', (server) => {
  it('looks for changes while a poll is held, but not all the time', async () => {
    const url = await server().database();
    expect(await looks(await openPostgres(url, new Vault(Vault.newKey()), noFaults))).toBe(1);
  });

  it('ignores announcements that no engine sends', async () => {
    const url = await server().database();
    const engine = await startEngine({ databaseUrl: url, key: Vault.newKey() });
    onTestFinished(async () => await engine.close());
    const data = await openPostgres(url, new Vault(Vault.newKey()), noFaults);
    onTestFinished(async () => await data.close());
    const heard = new Promise((resolve) => data.announcements.subscribe(resolve));
    const client = new pg.Client(url);
    await client.connect();
    const odd = ['', 'x', 'null', '7', '{}', '{"changes":7}', '{"changes":[null,7,{},["any"]]}'];
    for (const payload of [...odd, '{"changes":[{"userId":"x"}]}']) {
      await client.query("select pg_notify('launchkey_engine', $1)", [payload]);
    }
    await client.end();
    expect(await heard).toEqual({ userId: 'x' });
    // What is thrown where notifications are heard would end the process.
    expect(await engine.users()).toEqual([]);
  });
});
