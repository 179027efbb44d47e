import { randomBytes, scryptSync } from 'node:crypto';
import { join } from 'node:path';
import { Kysely, PostgresDialect, SqliteDialect, sql } from 'kysely';
import Libsql from 'libsql';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { takeKeyPair } from '../../../spec/support/key-pool.js';
import { sha256 } from '../../lib/crypto/digest.js';
import { fingerprint } from '../../lib/crypto/keys.js';
import { migrate } from '../../lib/data/sql/migrate.js';
import { migrations } from '../../lib/data/sql/migrations/all.js';
import type { Schema } from '../../lib/data/sql/schema.js';
import { Vault } from '../../lib/data/sql/vault.js';
import { type EngineOptions, startEngine } from '../../lib/index.js';
import { Application } from '../support/application.js';
import { temporary } from '../support/data.js';
import { Device } from '../support/device.js';
import { describeWithPostgres } from '../support/postgres.js';
import { receiver } from '../support/receiver.js';

const MINUTE = 60_000;
const APP = '1234567890';
/** The migrations that data may have been left at; the last one is what engines make today. */
const VERSIONS = Object.keys(migrations);

/** A place for data, as a test reaches it beside the engine, and as the engine is told of it. */
interface Place {
  db: Kysely<Schema>;
  options: EngineOptions;
}

type Row = Record<string, string | number | null>;

async function insert(db: Kysely<Schema>, table: string, row: Row): Promise<void> {
  const columns = sql.join(Object.keys(row).map((name) => sql.ref(name)));
  await sql`insert into ${sql.table(table)} (${columns}) values (${sql.join(Object.values(row))})`.execute(
    db,
  );
}

async function migrateTo(db: Kysely<Schema>, version: string): Promise<void> {
  const known = VERSIONS.slice(0, VERSIONS.indexOf(version) + 1);
  await migrate(db, Object.fromEntries(known.map((name) => [name, migrations[name] as never])));
  // The names in data of versions that had no names of their own.
  if (version >= '0010') return;
  for (const table of ['migration', 'migration_lock']) {
    await sql`alter table ${sql.table(`launchkey_${table}`)} rename to ${sql.table(`kysely_${table}`)}`.execute(
      db,
    );
  }
}

/** What an engine of the first schema kept, with nothing of it made by the code of today. */
async function firstData(db: Kysely<Schema>, vault: Vault, callbackUrl: string) {
  const now = Date.now();
  const keys = takeKeyPair();
  const publicKey = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const secretKey = randomBytes(16).toString('hex');
  const salt = randomBytes(16);
  const derived = scryptSync(secretKey, salt, 32, { N: 16_384, r: 8, p: 1 });
  await insert(db, 'apps', {
    app_key: APP,
    name: 'Shop',
    secret_hash: `scrypt$16384$8$1$${salt.toString('base64')}$${derived.toString('base64')}`,
    public_key: publicKey,
    callback_url: callbackUrl,
    organization: null,
    disabled: 0,
    created_at: now,
  });
  const user = { white_label_of: null, device_id: 'virtual', created_at: now };
  await insert(db, 'users', { id: 'u', username: 'alice', ...user });
  await insert(db, 'identities', { kind: 'hash', user_id: 'u', place: APP, value: 'hash of u' });
  const request = {
    app_key: APP,
    app_name: 'Shop',
    user_id: 'u',
    username: 'alice',
    session: 1,
    wants_push_id: 0,
    created_at: now,
    expires_at: now + 5 * MINUTE,
    confirmed: 0,
  };
  await insert(db, 'requests', {
    ...request,
    auth_request: 'waiting',
    forget_at: now + 65 * MINUTE,
  });
  await insert(db, 'requests', {
    ...request,
    auth_request: 'opened',
    answered_at: now,
    approved: 1,
    auth: 'AAAA',
    user_hash: 'hash of u',
    session_state: 'open',
    confirmed: 1,
  });
  await insert(db, 'deliveries', {
    id: 'event',
    kind: 'answer',
    app_key: APP,
    user_id: 'u',
    callback_url: callbackUrl,
    parameters: JSON.stringify({
      auth: 'AAAA',
      auth_request: 'opened',
      user_hash: 'hash of u',
    }),
    event_time: now,
    created_at: now,
    attempts: 1,
    next_attempt_at: now,
    give_up_at: now + 5 * MINUTE,
    claimed_until: 0,
  });
  const ping = takeKeyPair();
  const name = fingerprint(ping.publicKey);
  const der = ping.privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');
  await insert(db, 'ping_keys', {
    fingerprint: name,
    made_at: Math.floor(now / 1000) * 1000,
    retires_at: null,
    sealed_key: vault.seal(`ping key ${name}`, der),
  });
  const credentials = {
    appKey: APP,
    secretKey,
    privateKey: keys.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    publicKey,
  };
  return {
    credentials,
    pingKey: ping.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** What came with the second schema: a paired phone. */
async function pairPhone(db: Kysely<Schema>): Promise<Device> {
  const phone = await Device.make('');
  phone.id = 'phone';
  phone.token = randomBytes(40).toString('base64').replace(/\W/g, 'x').slice(0, 43);
  await sql`update users set device_id = null where id = 'u'`.execute(db);
  await insert(db, 'devices', {
    id: phone.id,
    user_id: 'u',
    name: 'Phone',
    public_key: JSON.stringify(await phone.publicKey()),
    token_hash: sha256(phone.token),
    created_at: Date.now(),
    last_seen_at: Date.now(),
  });
  return phone;
}

function upgrades(make: () => Promise<Place>): void {
  async function old(version: string) {
    const { db, options } = await make();
    const key = Vault.newKey();
    await migrateTo(db, version);
    const callback = await receiver();
    const data = await firstData(db, new Vault(key), callback.url);
    const phone = version === VERSIONS[0] ? undefined : await pairPhone(db);
    await db.destroy();
    return { options: { rateLimit: false as const, key, ...options }, callback, phone, ...data };
  }

  it.each(VERSIONS)('goes on with what an engine of %s kept', async (version) => {
    const { options, callback, phone, credentials, pingKey } = await old(version);
    const engine = await startEngine({ ...options, virtualDevices: true });
    onTestFinished(async () => await engine.close());
    const application = new Application(engine.url, credentials);
    expect((await application.ping()).body.key.replace(/\n\n/g, '\n')).toBe(pingKey);

    const [event] = await callback.count(1);
    expect(event?.query.get('event_id')).toBe('event');
    expect((await application.poll('opened')).body).toMatchObject({ user_hash: 'hash of u' });
    expect(await engine.sessions('alice')).toMatchObject([
      { authRequest: 'opened', state: 'open', confirmed: true },
    ]);

    expect(await engine.requests('alice')).toMatchObject([{ authRequest: 'waiting' }]);
    if (phone) expect((await phone.at(engine.url).answer(true)).status).toBe(200);
    else await engine.answer('waiting', true);
    const polled = await application.poll('waiting');
    expect(polled.body.user_hash).toBe('hash of u');
    expect(application.decryptAuth(polled.body.auth)).toMatchObject({ response: 'true' });
    expect((await application.log('waiting', 'Authenticate')).status).toBe(200);

    expect(await engine.apps()).toMatchObject([{ appKey: APP, strictStamps: false }]);
    const { code } = await engine.pairDevice('alice');
    const another = await Device.paired(engine.url, code);
    const asked = await application.authorize('alice');
    expect((await another.answer(false)).status).toBe(200);
    expect((await application.poll(asked)).status).toBe(200);
    await callback.count(3);
    expect(await engine.deorbit('alice')).toHaveLength(2);
    expect((await callback.count(4))[3]?.query.get('deorbit')).toContain('hash of u');
  });

  it('keeps users whose names differ in case only, and creates no further one', async () => {
    const { db, options } = await make();
    await migrateTo(db, '0007-browsers');
    for (const [id, username] of ['alice', 'Alice', 'al\u200bice'].entries()) {
      await insert(db, 'users', {
        id: `u${id}`,
        username,
        white_label_of: null,
        device_id: 'virtual',
        created_at: 0,
      });
    }
    await db.destroy();
    const engine = await startEngine({ key: Vault.newKey(), virtualDevices: true, ...options });
    onTestFinished(async () => await engine.close());
    const application = new Application(engine.url, await engine.createApp({ name: 'Shop' }));
    for (const username of ['alice', 'Alice', 'al\u200bice']) {
      await application.authorize(username);
      expect(await engine.requests(username)).toMatchObject([{ username }]);
    }
    await expect(engine.createUser('ALICE')).rejects.toMatchObject({ code: 'ENGINE_USER_EXISTS' });
  });

  it('refuses what a newer version has changed', async () => {
    const { db, options } = await make();
    await migrateTo(db, VERSIONS.at(-1) as string);
    await insert(db, 'launchkey_migration', { name: '9999-future', timestamp: '' });
    await db.destroy();
    await expect(startEngine({ key: Vault.newKey(), ...options })).rejects.toMatchObject({
      code: 'ENGINE_DATA',
      message: expect.stringMatching(/newer version of the engine.*restore a backup/),
    });
  });
}

describe('an upgrade in SQLite', () =>
  upgrades(async () => {
    const data = join(await temporary(), 'engine.db');
    const database = new Libsql(data) as never;
    return { db: new Kysely({ dialect: new SqliteDialect({ database }) }), options: { data } };
  }));

describeWithPostgres('an upgrade in PostgreSQL', (server) =>
  upgrades(async () => {
    const databaseUrl = await server().database();
    const pool = new pg.Pool({ connectionString: databaseUrl });
    return { db: new Kysely({ dialect: new PostgresDialect({ pool }) }), options: { databaseUrl } };
  }),
);
