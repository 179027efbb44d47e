import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Accounts } from '../accounts.js';
import { hashPassword, isPassword } from '../password.js';

function newFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'launchkey-accounts-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'data', 'users.sqlite');
}

function open(file: string): Accounts {
  const accounts = new Accounts(file);
  onTestFinished(() => accounts.close());
  return accounts;
}

describe('the accounts', () => {
  it('outlive a restart, in a file for its owner only', () => {
    const file = newFile();
    const { id } = open(file).findOrCreate('hash', 'alice');
    expect(open(file).findOrCreate('hash', 'another name')).toEqual({ id, name: 'alice' });
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('take over the users of a file that knew only phones', () => {
    const file = newFile();
    open(file);
    const db = new Database(file);
    db.exec(`
      CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, user_hash TEXT NOT NULL UNIQUE);
      INSERT INTO users VALUES (7, 'alice', 'hash of alice'), (9, 'bob', 'hash of bob')`);
    db.close();
    for (const accounts of [open(file), open(file)]) {
      expect(accounts.findOrCreate('hash of alice', '')).toEqual({ id: 7, name: 'alice' });
      expect(accounts.waysToLogIn(9)).toEqual({
        phone: { name: 'bob', linkedAt: expect.any(Date) },
      });
    }
  });

  it('give an identity to one account, and an account one identity', () => {
    const accounts = open(newFile());
    const alice = accounts.findOrCreate('hash of alice', 'alice').id;
    const ann = accounts.create('ann@example.com', 'a password')?.id ?? 0;
    expect(accounts.link(ann, 'hash of alice', 'alice')).toBe('taken');
    expect(accounts.link(alice, 'hash of bob', 'bob')).toBe('occupied');
    expect(accounts.link(ann, 'hash of bob', 'bob')).toBe('linked');
    expect(accounts.link(ann, 'hash of bob', 'bob')).toBe('linked');
    expect(accounts.findOrCreate('hash of bob', 'bob').id).toBe(ann);
  });

  it('unlink a phone only where there is a password', () => {
    const accounts = open(newFile());
    const { id } = accounts.findOrCreate('hash', 'alice');
    expect(accounts.unlink(id)).toBe(false);
    expect(accounts.addPassword(id, 'alice@example.com', 'a password')).toBe(true);
    expect(accounts.addPassword(id, 'other@example.com', 'another')).toBe(false);
    expect(accounts.unlink(id)).toBe(true);
    expect(accounts.waysToLogIn(id)).toEqual({ email: 'alice@example.com' });
    expect(accounts.unlink(id)).toBe(false);
  });

  it('give an address to one account, however it is written', () => {
    const accounts = open(newFile());
    expect(accounts.create('ann@example.com', 'a password')).not.toBeNull();
    expect(accounts.create('ANN@example.com', 'another')).toBeNull();
    const { id } = accounts.findOrCreate('hash', 'alice');
    expect(accounts.addPassword(id, 'Ann@example.com', 'another')).toBe(false);
  });
});

describe('a password', () => {
  it('is known again, and no other', async () => {
    const stored = await hashPassword('correct horse');
    expect(stored).not.toContain('correct');
    expect(await hashPassword('correct horse')).not.toBe(stored);
    expect(await isPassword('correct horse', stored)).toBe(true);
    expect(await isPassword('correct Horse', stored)).toBe(false);
    expect(await isPassword('', undefined)).toBe(false);
  });

  it('accepts a password typed with decomposed letters', async () => {
    expect(await isPassword('pa\u0308ss', await hashPassword('p\u00e4ss'))).toBe(true);
  });
});
