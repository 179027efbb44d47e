import { copyFile, link, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Libsql from 'libsql';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type EngineOptions, startEngine } from '../../lib/index.js';
import { temporary } from '../support/data.js';

async function open(options: EngineOptions) {
  const engine = await startEngine({ rateLimit: false, virtualDevices: true, ...options });
  onTestFinished(async () => await engine.close());
  return engine;
}

it('makes a data file and a key file that only their owner can read', async () => {
  const data = join(await temporary(), 'engine.db');
  await open({ data });
  for (const file of [data, `${data}-wal`, `${data}.key`]) {
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  }
  expect(Buffer.from(await readFile(`${data}.key`, 'utf8'), 'base64')).toHaveLength(32);
});

it('opens data with its own key and with no other', async () => {
  const folder = await temporary();
  const data = join(folder, 'engine.db');
  const keyFile = join(folder, 'key');
  const key = Buffer.alloc(32, 1).toString('base64');
  await writeFile(keyFile, `${key}\n`);
  const first = await open({ data, keyFile });
  await first.createUser('alice');
  await first.close();
  const wrong = Buffer.alloc(32, 2).toString('base64');
  await expect(startEngine({ data, key: wrong })).rejects.toMatchObject({
    code: 'ENGINE_DATA',
    message: expect.stringMatching(/key does not open this database/),
  });
  await expect(startEngine({ data })).rejects.toMatchObject({
    code: 'ENGINE_DATA',
    message: expect.stringMatching(/its key .*engine\.db\.key is missing/),
  });
  const again = await open({ data, key });
  expect(await again.users()).toMatchObject([{ username: 'alice' }]);
});

it('takes a key and the file with one for a mistake, since they may differ', async () => {
  const data = join(await temporary(), 'engine.db');
  const key = Buffer.alloc(32, 1).toString('base64');
  await expect(startEngine({ data, key, keyFile: `${data}.key` })).rejects.toMatchObject({
    code: 'ENGINE_INVALID_OPTION',
    message: 'The option keyFile must be omitted when key is set. Use one of them.',
  });
});

it.each([':memory:', 'file:engine.db'])(
  'keeps data in a file called %s as in any other',
  async (data) => {
    const folder = await temporary();
    const before = process.cwd();
    process.chdir(folder);
    try {
      const engine = await open({ data });
      await engine.createUser('alice');
      await engine.close();
      expect((await stat(join(folder, data))).size).toBeGreaterThan(0);
      expect((await stat(join(folder, data))).mode & 0o777).toBe(0o600);
      expect(await (await open({ data })).users()).toMatchObject([{ username: 'alice' }]);
    } finally {
      process.chdir(before);
    }
  },
);

it.each(['', '.lock'])('says which file is no data of an engine (engine.db%s)', async (name) => {
  const data = join(await temporary(), 'engine.db');
  await writeFile(`${data}${name}`, 'something else '.repeat(100));
  const key = Buffer.alloc(32, 1).toString('base64');
  await expect(startEngine({ data, key })).rejects.toMatchObject({
    code: 'ENGINE_DATA',
    message: `The data file ${data}${name} cannot be used: file is not a database (SQLITE_NOTADB).`,
  });
});

it('lets no second engine use a data file', async () => {
  const data = join(await temporary(), 'engine.db');
  const first = await open({ data });
  await expect(startEngine({ data })).rejects.toMatchObject({
    code: 'ENGINE_DATA',
    message: expect.stringMatching(/Another engine uses the data file/),
  });
  await first.close();
  await open({ data });
});

it('keeps all data in the file when it closes, also while another process has the file open', async () => {
  const folder = await temporary();
  const data = join(folder, 'engine.db');
  const engine = await open({ data });
  const other = new Libsql(data);
  other.prepare('select count(*) from users').all();
  for (const name of ['alice', 'bob']) await engine.createUser(name);
  await engine.close();
  const copy = join(folder, 'copy.db');
  await copyFile(data, copy);
  await copyFile(`${data}.key`, `${copy}.key`);
  other.close();
  expect(await (await open({ data: copy })).users()).toHaveLength(2);
});

it('lets no second engine use a data file by the name of a link', async () => {
  const folder = await temporary();
  const data = join(folder, 'engine.db');
  const engine = await open({ data });
  const [symbolic, hard] = [join(folder, 'symbolic.db'), join(folder, 'hard.db')];
  await symlink(data, symbolic);
  for (const path of [data, symbolic]) {
    await expect(startEngine({ data: path, keyFile: `${data}.key` })).rejects.toMatchObject({
      message: expect.stringMatching(/Another engine uses the data file/),
    });
  }
  await link(data, hard);
  await expect(startEngine({ data: hard, keyFile: `${data}.key` })).rejects.toMatchObject({
    code: 'ENGINE_DATA',
    message: expect.stringMatching(/hard\.db has 2 hard links/),
  });
  await engine.close();
});

describe('a data file that is missing while its key exists', () => {
  async function lost() {
    const data = join(await temporary(), 'engine.db');
    const engine = await open({ data });
    await engine.close();
    await rm(data);
    return data;
  }

  it('is an error that says what to do', async () => {
    const data = await lost();
    await expect(startEngine({ data })).rejects.toMatchObject({
      code: 'ENGINE_DATA',
      message: expect.stringMatching(/Key file .*engine\.db\.key exists, but its data file/),
    });
  });

  it('is created where the key is named, and the log warns of it', async () => {
    const data = await lost();
    const warn = vi.fn();
    const logger = { info: () => {}, warn, error: () => {} };
    const engine = await open({ data, keyFile: `${data}.key`, logger });
    expect(await engine.users()).toEqual([]);
    const message = 'data file does not exist: the engine starts without data';
    expect(warn).toHaveBeenCalledWith({ file: data }, message);
  });
});

it('starts after a start that was interrupted before the key was written', async () => {
  const data = join(await temporary(), 'engine.db');
  for (const file of [data, `${data}.key`]) await writeFile(file, '');
  const engine = await open({ data });
  await engine.createUser('alice');
  expect(Buffer.from(await readFile(`${data}.key`, 'utf8'), 'base64')).toHaveLength(32);
});

it('starts with what a backup of a running engine has restored', async () => {
  const folder = await temporary();
  const data = join(folder, 'engine.db');
  const engine = await open({ data });
  const app = await engine.createApp({ name: 'Shop' });
  await engine.createUser('alice');
  const backup = join(folder, 'backup.db');
  const other = new Libsql(data);
  other.prepare('vacuum into ?').run(backup);
  other.close();
  await engine.createUser('bob');
  await copyFile(`${data}.key`, `${backup}.key`);
  const restored = await open({ data: backup });
  expect(await restored.apps()).toMatchObject([{ appKey: app.appKey, name: 'Shop' }]);
  expect(await restored.users()).toMatchObject([{ username: 'alice' }]);
});
