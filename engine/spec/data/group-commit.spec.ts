import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { groupSteps, runGroup, type Step } from '../../lib/data/sql/group-commit.js';
import { openSqliteFile } from '../../lib/data/sql/sqlite-file.js';
import { Vault } from '../../lib/data/sql/vault.js';
import { temporary } from '../support/data.js';

async function open() {
  const file = await openSqliteFile(join(await temporary(), 'data.db'), new Vault(Vault.newKey()));
  onTestFinished(async () => await file.close());
  const { connection, ports } = file;
  const execute = (sql: string, ...parameters: unknown[]) =>
    connection.executeQuery({ sql, parameters, query: undefined as never, queryId: {} as never });
  const entry = (id: string) => ({ id, at: 0, kind: 'test', details: {} });
  const insert = (id: string): Step => ({
    kind: 'durable',
    run: () => ports.audit.insert(entry(id)),
  });
  const kept = async () => (await ports.audit.list({ limit: 100 })).map(({ id }) => id).sort();
  return { connection, ports, execute, insert, kept };
}

function spyOnSync() {
  const sync = vi.spyOn(fs, 'fdatasyncSync');
  syncBuiltinESMExports();
  onTestFinished(() => {
    sync.mockRestore();
    syncBuiltinESMExports();
  });
  return sync;
}

describe('a group of steps', () => {
  it('is committed once, with the disk waited for if it is durable', async () => {
    const { connection, insert, kept } = await open();
    const commit = vi.spyOn(connection, 'commit');
    const sync = spyOnSync();
    const outcomes = await runGroup(connection, ['a', 'b', 'c'].map(insert));
    expect(outcomes).toEqual([{ value: undefined }, { value: undefined }, { value: undefined }]);
    expect(commit).toHaveBeenCalledTimes(1);
    expect(sync).toHaveBeenCalledTimes(1);
    expect(await kept()).toEqual(['a', 'b', 'c']);
    await runGroup(connection, [{ ...insert('d'), kind: 'relaxed' }]);
    expect(sync).toHaveBeenCalledTimes(1);
    await runGroup(connection, [insert('e')]);
    expect(sync).toHaveBeenCalledTimes(2);
  });

  it('does not wait for the disk if it has changed nothing', async () => {
    const { connection, ports, insert } = await open();
    const sync = spyOnSync();
    const confirm: Step = { kind: 'durable', run: () => ports.sessions.confirm('none', 'none') };
    await runGroup(connection, [confirm]);
    await runGroup(connection, [confirm, confirm]);
    expect(sync).not.toHaveBeenCalled();
    await runGroup(connection, [insert('a'), confirm]);
    expect(sync).toHaveBeenCalledTimes(1);
  });

  it('rejects if the disk fails after its commit, and so does each one after it', async () => {
    const { connection, insert } = await open();
    const sync = spyOnSync();
    sync.mockImplementation(() => {
      throw Object.assign(new Error('EIO'), { code: 'EIO' });
    });
    await expect(runGroup(connection, [insert('a')])).rejects.toThrow('EIO');
    await expect(runGroup(connection, [insert('b'), insert('c')])).rejects.toThrow('EIO');
  });

  it('undoes a step that fails, and that step alone', async () => {
    const { connection, insert, kept } = await open();
    const outcomes = await runGroup(connection, ['a', 'a', 'b'].map(insert));
    expect(outcomes).toEqual([
      { value: undefined },
      { error: expect.objectContaining({ code: 'SQLITE_CONSTRAINT_UNIQUE' }) },
      { value: undefined },
    ]);
    expect(await kept()).toEqual(['a', 'b']);
  });

  it('undoes all statements of a transaction within a step that fails', async () => {
    const { connection, ports, insert, kept } = await open();
    const add = (fingerprint: string, madeAt: number, successorOf?: string) =>
      ports.pingKeys.add({ fingerprint, madeAt, privateKey: '' }, successorOf, 9);
    await add('first', 1);
    await runGroup(connection, [
      insert('a'),
      // It retires the current key, and then cannot insert one of the same second.
      { kind: 'durable', run: () => add('second', 1, 'first') },
      insert('b'),
    ]);
    expect(await ports.pingKeys.list()).toMatchObject([{ fingerprint: 'first' }]);
    expect((await ports.pingKeys.list())[0]?.retiresAt).toBeUndefined();
    expect(await kept()).toEqual(['a', 'b']);
  });

  it('fails as a whole if its commit fails, and leaves nothing behind', async () => {
    const { connection, execute, insert, kept } = await open();
    await runGroup(connection, [insert('before')]);
    const outcomes = await runGroup(connection, [
      insert('a'),
      {
        kind: 'durable',
        // A reference that is checked at the commit.
        run: async () => {
          await execute('pragma defer_foreign_keys = on');
          await execute(
            "insert into identities (kind, user_id, place, value) values ('hash', 'none', 'x', 'y')",
          );
        },
      },
      insert('b'),
    ]);
    const error = expect.objectContaining({ code: 'SQLITE_CONSTRAINT_FOREIGNKEY' });
    expect(outcomes).toEqual([{ error }, { error }, { error }]);
    expect(await kept()).toEqual(['before']);
    await runGroup(connection, [insert('after'), insert('later')]);
    expect(await kept()).toEqual(['after', 'before', 'later']);
  });

  it('acknowledges nothing that is lost when the disk is full, and goes on when it is not', async () => {
    const { connection, ports, execute, insert, kept } = await open();
    const { rows } = await execute('pragma page_count');
    const [{ page_count: pages }] = rows as [{ page_count: number }];
    await execute(`pragma max_page_count = ${pages + 4}`);
    const large = (id: string): Step => ({
      kind: 'durable',
      run: () =>
        ports.audit.insert({ id, at: 0, kind: 'test', details: { text: 'x'.repeat(50_000) } }),
    });
    const steps = [insert('a'), large('b'), insert('c')];
    const outcomes = await runGroup(connection, steps);
    expect(outcomes[1]).toEqual({ error: expect.objectContaining({ code: 'SQLITE_FULL' }) });
    const acknowledged = ['a', 'b', 'c'].filter((_, i) => 'value' in (outcomes[i] ?? {}));
    expect(await kept()).toEqual(acknowledged);
    await execute('pragma max_page_count = 1000000');
    await runGroup(connection, [large('d'), insert('e')]);
    expect(await kept()).toEqual([...acknowledged, 'd', 'e']);
  });

  it('commits a batch of one step without a savepoint of its own', async () => {
    const { connection, insert, kept } = await open();
    const begin = vi.spyOn(connection, 'begin');
    await runGroup(connection, [insert('a')]);
    const read: Step = { kind: 'read', run: () => kept() };
    expect(await runGroup(connection, [read, read])).toEqual([{ value: ['a'] }, { value: ['a'] }]);
    expect(begin).not.toHaveBeenCalled();
    const outcomes = await runGroup(connection, [insert('a')]);
    expect(outcomes).toEqual([{ error: expect.objectContaining({ code: expect.any(String) }) }]);
  });
});

it('runs steps that wait for no disk before those that do', () => {
  const step = (kind: Step['kind']) => ({ kind, id: randomUUID() });
  const steps = [step('durable'), step('read'), step('relaxed'), step('durable'), step('read')];
  const [a, b, c, d, e] = steps;
  expect(groupSteps(steps)).toEqual([[b, e], [c], [a, d]]);
  expect(groupSteps([])).toEqual([]);
});
