import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished, vi } from 'vitest';
import { openSqlite } from '../../lib/data/sql/sqlite.js';
import { Vault } from '../../lib/data/sql/vault.js';
import { Faults } from '../../lib/observability/faults.js';
import { silent } from '../../lib/observability/logger.js';
import { temporary } from '../support/data.js';

const entry = (id: string) => ({ id, at: 0, kind: 'test', details: {} });

async function open(logger = silent) {
  const file = join(await temporary(), 'data.db');
  const unref = vi.spyOn(Worker.prototype, 'unref');
  const data = await openSqlite(file, Vault.newKey(), new Faults(logger, Date.now));
  const worker = unref.mock.contexts[0] as Worker;
  unref.mockRestore();
  onTestFinished(async () => await data.close());
  return { data, file, worker };
}

it('finishes the calls that were made before it closes the file', async () => {
  const { data } = await open();
  const calls = [data.audit.insert(entry('a')), data.audit.list({ limit: 1 })];
  await data.close();
  expect(await calls[0]).toBeUndefined();
  expect(await calls[1]).toBeDefined();
  await expect(data.check()).rejects.toMatchObject({ code: 'ENGINE_CLOSED' });
  await data.close();
});

it('leaves no write-ahead log and no open file when it is closed', async () => {
  const { data, file } = await open();
  await data.audit.insert(entry('a'));
  expect(existsSync(`${file}-wal`)).toBe(true);
  await data.close();
  expect(readdirSync(dirname(file)).sort()).toEqual(['data.db', 'data.db.lock']);
  if (process.platform !== 'linux') return;
  const descriptors = readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(file);
    } catch {
      // The descriptor of the directory that is read here.
      return false;
    }
  });
  expect(descriptors).toEqual([]);
});

it('rejects a call with the code and message of its error', async () => {
  const { data } = await open();
  await data.audit.insert(entry('a'));
  await expect(data.audit.insert(entry('a'))).rejects.toMatchObject({
    code: 'SQLITE_CONSTRAINT_UNIQUE',
    message: expect.stringContaining('UNIQUE constraint failed: audit.id'),
  });
  const unusable = expect(
    openSqlite('/missing/data.db', Vault.newKey(), new Faults(silent, Date.now)),
  ).rejects;
  await unusable.toMatchObject({
    name: 'LaunchKeyEngineError',
    code: 'ENGINE_DATA',
    message: 'The data file /missing/data.db cannot be opened: ENOENT.',
    cause: { code: 'ENOENT' },
  });
});

it('rejects every caller and reports it when the thread ends', async () => {
  const error = vi.fn();
  const { data, file, worker } = await open({ ...silent, error });
  const ending = worker.terminate();
  const calls = [1, 2, 3].map(() => data.users.list());
  for (const call of calls) call.catch(() => {});
  await ending;
  const ended = {
    code: 'ENGINE_DATA',
    message: `The thread of the data file ${file} has ended. Restart the engine.`,
  };
  for (const call of calls) await expect(call).rejects.toMatchObject(ended);
  await expect(data.users.list()).rejects.toMatchObject(ended);
  await expect(data.check()).rejects.toMatchObject(ended);
  expect(error).toHaveBeenCalledTimes(1);
  expect(error).toHaveBeenCalledWith(
    { code: ended.code, reason: ended.message },
    'the data file cannot be used any more',
  );
  await data.close();
});

it('keeps a process alive only while a call is made', async () => {
  const { data, worker } = await open();
  const [ref, unref] = [vi.spyOn(worker, 'ref'), vi.spyOn(worker, 'unref')];
  await Promise.all([data.users.list(), data.users.list()]);
  expect(ref).toHaveBeenCalledTimes(1);
  await vi.waitFor(() => expect(unref).toHaveBeenCalledTimes(1));
});
