/*
 * Puts users into an engine's data before it is measured, past its API, which would take minutes for
 * ten thousand: each with a paired device and a request that is open.
 */
import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { EngineOptions } from 'launchkey-engine';

/** A device as the engine knows it, and the token by which it names itself. */
export interface DeviceKey {
  token: string;
  publicKey: object;
}

export interface Population {
  users: number;
  /** Of the first users; the others have the same ones again. */
  devices: DeviceKey[];
}

/** The names of user number `n` and his device: all processes agree on them. */
export const username = (n: number) => `user${n}`;
export const deviceId = (n: number) => `device${n}`;

const APP = 'population';
const ROWS = 200;

interface Repository {
  insertApp(app: object): Promise<unknown>;
  insertUser(user: object, limit: number): Promise<unknown>;
  insertDevice(device: object, limit: number): Promise<unknown>;
  insertRequest(request: object, limit: number): Promise<unknown>;
}

/** A file of the engine as it is built: whoever fills its data past its API knows its inside. */
async function load<Module>(path: string): Promise<Module> {
  return await import(new URL(path, import.meta.resolve('launchkey-engine')).href);
}

/** Fills a database in one transaction, before an engine opens it. */
export async function fillDatabase(
  { data, databaseUrl, key }: Pick<EngineOptions, 'data' | 'databaseUrl' | 'key'>,
  population: Population,
): Promise<void> {
  const { Vault } = await load<{ Vault: new (key: unknown) => unknown }>('data/sql/vault.js');
  const vault = new Vault(key);
  type Opened = { db: Kysely<Record<string, object>>; close(): Promise<void> };
  type Open = (where: unknown, vault: unknown, logger: unknown) => Promise<Opened>;
  const open =
    data === undefined
      ? (await load<{ openPostgres: Open }>('data/sql/postgres.js')).openPostgres
      : (await load<{ openSqlite: Open }>('data/sql/sqlite.js')).openSqlite;
  const { silent } = await load<{ silent: unknown }>('logger.js');
  const { appRow, userRow, deviceRow, requestRow } =
    await load<
      Record<'appRow' | 'userRow' | 'deviceRow' | 'requestRow', (record: object) => object>
    >('data/sql/rows.js');
  const repository = await open(data ?? databaseUrl, vault, silent);
  await repository.db.transaction().execute(async (trx) => {
    await trx.insertInto('apps').values(appRow(app())).execute();
    for (let from = 0; from < population.users; from += ROWS) {
      const numbers = range(from, Math.min(from + ROWS, population.users));
      const rows = (of: (n: number) => object) => numbers.map(of);
      await trx
        .insertInto('users')
        .values(rows((n) => userRow(user(n))))
        .execute();
      const devices = rows((n) => deviceRow(device(n, population)));
      await trx.insertInto('devices').values(devices).execute();
      await trx
        .insertInto('requests')
        .values(rows((n) => requestRow(request(n))))
        .execute();
    }
  });
  await repository.close();
}

/** Fills the memory of the engine that is started next. */
export async function fillMemory(population: Population): Promise<void> {
  const { MemoryRepository } = await load<{
    MemoryRepository: { prototype: { pingKeys(): unknown } };
  }>('data/memory/index.js');
  const { prototype } = MemoryRepository;
  const { pingKeys } = prototype;
  // The first thing that an engine asks of its data.
  const repository = await new Promise<Repository>((resolve) => {
    prototype.pingKeys = function () {
      prototype.pingKeys = pingKeys;
      resolve(this as unknown as Repository);
      return pingKeys.call(this);
    };
  });
  await repository.insertApp(app());
  for (const n of range(0, population.users)) {
    await repository.insertUser(user(n), population.users);
    await repository.insertDevice(device(n, population), 1);
    await repository.insertRequest(request(n), 10);
  }
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

const userId = (n: number) => `id${n}`;

const app = () => ({
  appKey: APP,
  name: 'Population',
  secretHash: '',
  publicKey: '',
  disabled: false,
  createdAt: Date.now(),
});

const user = (n: number) => ({ id: userId(n), username: username(n), createdAt: Date.now() });

const device = (n: number, { devices }: Population) => {
  const { token, publicKey } = devices[n % devices.length] as DeviceKey;
  return {
    id: deviceId(n),
    userId: userId(n),
    name: 'Phone',
    publicKey,
    tokenHash: createHash('sha256').update(token).digest('base64'),
    createdAt: Date.now(),
    lastSeenAt: Date.now(),
  };
};

const request = (n: number) => ({
  authRequest: `populationpopulationpopulation${n}`,
  appKey: APP,
  appName: 'Population',
  userId: userId(n),
  username: username(n),
  session: true,
  userPushId: false,
  createdAt: Date.now(),
  expiresAt: Date.now() + 3_600_000,
});
