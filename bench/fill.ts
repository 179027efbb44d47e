/*
 * Inserts users into an engine's data before it is measured, each with a paired device and an open
 * request. It bypasses the engine's API, which would take minutes for ten thousand users.
 */
import { createHash } from 'node:crypto';
import type { EngineOptions } from 'launchkey-engine';

/** A device as the engine knows it, and the token by which it names itself. */
export interface DeviceKey {
  token: string;
  publicKey: object;
}

export interface Population {
  users: number;
  /** The devices of the first users; the others have the same ones. */
  devices: DeviceKey[];
}

/** The names of user number `n` and of their device, the same in all processes. */
export const username = (n: number) => `user${n}`;
export const deviceId = (n: number) => `device${n}`;

const APP = 'population';
/** Users that are inserted at once. */
const BATCH = 200;

/** The ports of the engine's data that are filled. */
interface Data {
  apps: { insert(app: object): Promise<unknown> };
  users: { insert(user: object, limit: number): Promise<unknown> };
  devices: { insert(device: object, limit: number): Promise<unknown> };
  requests: { insert(request: object, limits: { open: number }): Promise<unknown> };
  sweep(now: number): Promise<void>;
  close(): Promise<void>;
}

/** A module of the built engine, whose data is filled from inside. */
async function load<Module>(path: string): Promise<Module> {
  return await import(new URL(path, import.meta.resolve('launchkey-engine')).href);
}

/** Fills a database before an engine opens it. */
export async function fillDatabase(
  { data, databaseUrl, key }: Pick<EngineOptions, 'data' | 'databaseUrl' | 'key'>,
  population: Population,
): Promise<void> {
  const { silent } = await load<{ silent: unknown }>('observability/logger.js');
  const { Faults } = await load<FaultsModule>('observability/faults.js');
  const faults = new Faults(silent, Date.now);
  const opened =
    data === undefined
      ? await openPostgres(databaseUrl, key, faults)
      : await openSqlite(data, key, faults);
  await fill(opened, population);
  await opened.close();
}

type Open = (where: unknown, key: unknown, faults: unknown) => Promise<Data>;
type FaultsModule = { Faults: new (logger: unknown, clock: () => number) => unknown };

const openSqlite: Open = async (file, key, faults) => {
  const { openSqlite } = await load<{ openSqlite: Open }>('data/sql/sqlite.js');
  return await openSqlite(file, key, faults);
};

const openPostgres: Open = async (url, key, faults) => {
  const { Vault } = await load<{ Vault: new (key: unknown) => unknown }>('data/sql/vault.js');
  const { openPostgres } = await load<{ openPostgres: Open }>('data/sql/postgres.js');
  return await openPostgres(url, new Vault(key), faults);
};

/** Fills the memory of the engine that is started next. */
export async function fillMemory(population: Population): Promise<void> {
  const { MemoryData } = await load<{ MemoryData: { prototype: Data } }>('data/memory/data.js');
  const { prototype } = MemoryData;
  const { sweep } = prototype;
  // The engine sweeps its data soon after its start.
  const data = await new Promise<Data>((resolve) => {
    prototype.sweep = function (now) {
      prototype.sweep = sweep;
      resolve(this);
      return sweep.call(this, now);
    };
  });
  await fill(data, population);
}

async function fill(data: Data, population: Population): Promise<void> {
  await data.apps.insert(app());
  for (let from = 0; from < population.users; from += BATCH) {
    const numbers = range(from, Math.min(from + BATCH, population.users));
    await Promise.all(
      numbers.map(async (n) => {
        await data.users.insert(user(n), population.users);
        await data.devices.insert(device(n, population), 1);
        await data.requests.insert(request(n), { open: 10 });
      }),
    );
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
