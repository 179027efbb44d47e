import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import Libsql from 'libsql';
import pg from 'pg';
import { expect, it, onTestFinished, vi } from 'vitest';
import { programPath } from '../../../spec/support/shared.js';
import { Vault } from '../../lib/data/sql/vault.js';
import { type EngineOptions, startEngine } from '../../lib/index.js';
import { Application } from '../support/application.js';
import { temporary } from '../support/data.js';
import { Device } from '../support/device.js';
import { heldPolls } from '../support/metrics.js';
import { describeWithPostgres } from '../support/postgres.js';
import { receiver } from '../support/receiver.js';
import { sqliteWorkerUrl } from '../support/sqlite-worker-url.js';

/** Everything that a login takes, with a paired phone, a held poll, an event, and both ends of it. */
async function logIn(options: EngineOptions): Promise<void> {
  // Without virtual devices, an engine counts users when it starts.
  const engine = await startEngine({ key: Vault.newKey(), virtualDevices: true, ...options });
  try {
    const callback = await receiver();
    const shop = await engine.createApp({ name: 'Shop', callbackUrl: callback.url });
    const application = new Application(engine.url, shop);
    await engine.createUser('alice');
    const { code } = await engine.pairDevice('alice');
    const phone = await Device.paired(engine.url, code);
    const { version } = (await phone.state()).body;
    const state = phone.state(version);
    const authRequest = await application.authorize('alice');
    expect((await state).body.requests).toMatchObject([{ authRequest }]);
    const poll = application.poll(authRequest, { wait: 60 });
    await heldPolls(engine.url, 1);
    expect((await phone.answer(true)).status).toBe(200);
    expect((await poll).status).toBe(200);
    await callback.count(1);
    expect((await application.log(authRequest, 'Authenticate')).status).toBe(200);
    expect((await phone.post('sessions/end')).body).toEqual({ ended: 1 });
    await callback.count(2);
    expect((await application.log(authRequest, 'Revoke')).status).toBe(200);
  } finally {
    await engine.close();
  }
}

/** Of these an engine has few, however many users it has. */
const SMALL = ['apps', 'ping_keys', 'secrets', 'nodes'];
/** No part of a login: what an engine does when it starts, and what it tells `/metrics`. */
const SELDOM = [
  'update "deliveries" set "claimed_until" = ? where "claimed_until" > ?',
  'update "deliveries" set "next_attempt_at" = ? where "next_attempt_at" > ?',
  'update "deliveries" set "claimed_until" = $1 where "claimed_until" > $2',
  'update "deliveries" set "next_attempt_at" = $1 where "next_attempt_at" > $2',
  'select count(*) as "count" from "deliveries"',
  'select min("created_at") as "oldest" from "deliveries"',
];

/** Not of the migrations, and no notification. */
function isOfTheEngine(text: string): boolean {
  const known =
    /^(select|insert|update|delete|with) /.test(text) &&
    !/_migration|kysely|sqlite_|pg_| new_/.test(text);
  return known && !SELDOM.includes(text);
}

it('reads no table from end to end for a login in SQLite', async () => {
  const data = join(await temporary(), 'engine.db');
  const untraced = sqliteWorkerUrl.href;
  onTestFinished(() => {
    sqliteWorkerUrl.href = untraced;
  });
  sqliteWorkerUrl.href = pathToFileURL(await programPath('traced-sqlite-worker')).href;
  await logIn({ data });
  const traced = await readFile(`${data}.statements`, 'utf8');
  const texts = traced
    .split('\n')
    .filter(Boolean)
    .map((line): string => JSON.parse(line))
    .filter(isOfTheEngine);
  expect(texts.length).toBeGreaterThan(25);
  const database = new Libsql(data);
  onTestFinished(() => void database.close());
  const scans = texts.flatMap((text) => {
    const steps = database.prepare(`explain query plan ${text}`).all() as { detail: string }[];
    return (
      steps
        .map(({ detail }) => /^SCAN (\S+)/.exec(detail)?.[1])
        // Intermediate results, which are made of rows that were looked up.
        .filter(
          (name) => name !== undefined && !/^(fronts|waiting|candidates|CONSTANT|\()/.test(name),
        )
        .filter((name) => !SMALL.includes(name as string))
        .map((name) => `${name}: ${text}`)
    );
  });
  expect(scans).toEqual([]);
});

describeWithPostgres('in PostgreSQL', (server) => {
  it('reads no table from end to end for a login', async () => {
    const databaseUrl = await server().database();
    const query = vi.spyOn(pg.Client.prototype, 'query');
    onTestFinished(() => query.mockRestore());
    await logIn({ databaseUrl });
    const calls = query.mock.calls as unknown as [string | pg.QueryConfig, unknown[]?][];
    const statements = new Map<string, unknown[]>();
    for (const [query, given] of calls) {
      const { text, values = [] } =
        typeof query === 'string' ? { text: query, values: given } : query;
      if (isOfTheEngine(text)) statements.set(text, values);
    }
    expect(statements.size).toBeGreaterThan(25);
    query.mockRestore();
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    onTestFinished(async () => await client.end());
    // Of few rows all are read whatever indexes there are; now only where there is none.
    await client.query('set enable_seqscan = off');
    const scans: string[] = [];
    for (const [text, values] of statements) {
      const { rows } = await client.query(`explain ${text}`, values);
      for (const { 'QUERY PLAN': step } of rows) {
        const [, name] = /Seq Scan on (\w+)/.exec(step) ?? [];
        if (name !== undefined && !SMALL.includes(name)) scans.push(`${name}: ${text}`);
      }
    }
    expect(scans).toEqual([]);
  });
});
