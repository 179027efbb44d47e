import { randomUUID } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Libsql from 'libsql';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openPostgres } from '../../lib/data/sql/postgres.js';
import { openSqlite } from '../../lib/data/sql/sqlite.js';
import { Vault } from '../../lib/data/sql/vault.js';
import { describeData, temporary } from '../support/data.js';
import { noFaults } from '../support/faults.js';
import { describeWithPostgres } from '../support/postgres.js';
import { growthContract } from './growth-contract.js';

const DAY = 24 * 3_600_000;

describeData('growth', growthContract);

describe('a data file', () => {
  const TEXT = 'Transfer 500 EUR to the neighbour';

  async function filled() {
    const file = join(await temporary(), 'engine.db');
    const key = Vault.newKey();
    const data = await openSqlite(file, key, noFaults);
    onTestFinished(async () => await data.close());
    const entry = () => ({ id: randomUUID(), at: 0, kind: 'test', details: { TEXT } });
    await Promise.all(Array.from({ length: 3000 }, () => data.audit.insert(entry())));
    return { data, file, key };
  }

  const holdsText = (file: string) =>
    [file, `${file}-wal`].some((path) => readFileSync(path).includes(TEXT));

  it('shrinks after deletions, and holds nothing of what was deleted', async () => {
    const { data, file } = await filled();
    await data.sweep(0);
    const { size } = statSync(file);
    expect(holdsText(file)).toBe(true);
    // The fourth step finds nothing more, and so gives back the pages.
    for (let i = 0; i < 4; i += 1) await data.sweep(401 * DAY);
    expect(statSync(file).size).toBeLessThan(size / 2);
    expect(holdsText(file)).toBe(false);
  });

  it('of an earlier version is rewritten once, so that it shrinks from then on', async () => {
    const { data, file, key } = await filled();
    await data.close();
    const before = new Libsql(file);
    before.exec('pragma auto_vacuum = none');
    before.exec('vacuum');
    before.exec('delete from audit');
    before.close();
    const { size } = statSync(file);
    const again = await openSqlite(file, key, noFaults);
    onTestFinished(async () => await again.close());
    expect(statSync(file).size).toBeLessThan(size / 2);
    expect(holdsText(file)).toBe(false);
  });
});

describeWithPostgres('the audit trail in PostgreSQL', (server) => {
  it('shows no entry before an older one whose transaction has not ended', async () => {
    const url = await server().database();
    const data = await openPostgres(url, new Vault(Vault.newKey()), noFaults);
    onTestFinished(async () => await data.close());
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    onTestFinished(async () => await client.end());
    await client.query('begin');
    await client.query(
      "insert into audit (id, at, kind, details) values ('slow', 1, 'test', '{}')",
    );
    await data.audit.insert({ id: 'fast', at: 2, kind: 'test', details: {} });
    const read = data.audit.list({ after: 0, limit: 10 });
    await client.query('commit');
    expect((await read).map(({ id }) => id)).toEqual(['slow', 'fast']);
  });
});
