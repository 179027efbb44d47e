import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hashSecret, SecretChecks } from '../../lib/crypto/secret-hash.js';
import { Vault } from '../../lib/data/sql/vault.js';
import { type EngineOptions, startEngine } from '../../lib/index.js';
import { Application } from '../support/application.js';
import { temporary } from '../support/data.js';
import { Device } from '../support/device.js';
import { describeWithPostgres } from '../support/postgres.js';

describe('a secret and its hash', () => {
  it('match, each time, and nothing else does', async () => {
    const checks = new SecretChecks();
    const [hash, other] = [await hashSecret('right'), await hashSecret('right')];
    expect(hash).not.toBe(other);
    for (let time = 0; time < 2; time += 1) {
      expect(await checks.matches('right', hash)).toBe(true);
      expect(await checks.matches('wrong', hash)).toBe(false);
      expect(await checks.matches('right', await hashSecret('wrong'))).toBe(false);
      expect(await checks.matches('right', 'right')).toBe(false);
    }
    const both = [checks.matches('right', other), checks.matches('right', other)];
    expect(await Promise.all(both)).toEqual([true, true]);
  });
});

/** A login with a paired device, and every secret that was held meanwhile. */
async function live(options: EngineOptions): Promise<string[]> {
  const engine = await startEngine({ virtualDevices: true, ...options });
  onTestFinished(async () => await engine.close());
  const credentials = await engine.createApp({ name: 'Shop' });
  await engine.createUser('alice');
  const used = await engine.pairDevice('alice');
  const device = await Device.paired(engine.url, used.code);
  const unused = await engine.pairDevice('alice');
  const application = new Application(engine.url, credentials);
  await application.authorize('alice');
  expect((await device.answer(true)).status).toBe(200);
  const [, linkSecret = ''] = /#pair=(.+)$/.exec(unused.url) ?? [];
  const pem = credentials.privateKey.split('\n');
  return [credentials.secretKey, device.token, unused.code, linkSecret, pem[3] ?? ''];
}

function expectNone(dump: string, secrets: string[]): void {
  // It is a dump of this very engine, and looking for something in it finds it.
  expect(dump).toContain('Shop');
  expect(dump).toContain('alice');
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(7);
    expect(dump.includes(secret), secret).toBe(false);
  }
  expect(dump).not.toMatch(/PRIVATE KEY|MIIEv[AQg]/);
}

it('reveals no secret to a reader of a copied data file', async () => {
  const data = join(await temporary(), 'engine.db');
  const secrets = await live({ data });
  const files = await Promise.all([data, `${data}-wal`].map((file) => readFile(file, 'latin1')));
  expectNone(files.join(''), secrets);
});

describeWithPostgres('a dump of PostgreSQL', (server) => {
  it('has no secret in it', async () => {
    const databaseUrl = await server().database();
    const secrets = await live({ databaseUrl, key: Vault.newKey() });
    const client = new pg.Client(databaseUrl);
    await client.connect();
    onTestFinished(async () => await client.end());
    const { rows } = await client.query(
      "select query_to_xml(format('select * from %I', tablename), true, false, '')::text as dump from pg_tables where schemaname = 'public'",
    );
    expectNone(rows.map(({ dump }) => dump).join(''), secrets);
  });
});
