import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'libsql';

/** A user who can log in by phone, by password or by both. */
export interface Account {
  id: number;
  name: string;
}

/** How an account can be logged in to. */
export interface WaysToLogIn {
  /** The LaunchKey user whose phone is linked. */
  phone?: { name: string; linkedAt: Date };
  /** The e-mail address that goes with the password. */
  email?: string;
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS accounts (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL,
    email    TEXT UNIQUE COLLATE NOCASE,
    password TEXT,
    CHECK ((email IS NULL) = (password IS NULL))
  );
  CREATE TABLE IF NOT EXISTS launchkey_identities (
    user_hash  TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL UNIQUE REFERENCES accounts (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    linked_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
  );`;

/** Until accounts could have other ways to log in, a user was one LaunchKey identity. */
const FROM_USERS = `
  INSERT INTO accounts (id, name) SELECT id, name FROM users;
  INSERT INTO launchkey_identities (user_hash, account_id, name) SELECT user_hash, id, name FROM users;
  DROP TABLE users;`;

/**
 * The application's accounts, kept in an SQLite file that is created at the first start. A LaunchKey
 * identity belongs to one account at most, and an account has at most one: the database sees to it,
 * so that two requests at the same moment change nothing about that.
 */
export class Accounts {
  private readonly db: Database.Database;

  constructor(file: string) {
    if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
    this.db = new Database(file);
    if (file !== ':memory:') chmodSync(file, 0o600);
    this.db.exec('PRAGMA foreign_keys = ON');
    this.atOnce(() => {
      this.db.exec(TABLES);
      const users = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'users'";
      if (this.db.prepare(users).get()) this.db.exec(FROM_USERS);
    });
  }

  find(id: number): Account | undefined {
    return this.one('SELECT id, name FROM accounts WHERE id = ?', id);
  }

  /**
   * The account that this LaunchKey identity belongs to; its first login makes one. The hash is
   * what LaunchKey vouches for. The name was only typed in: it is kept to greet the user with, and
   * no account is ever found by it.
   */
  findOrCreate(userHash: string, name: string): Account {
    return this.atOnce(() => {
      const known = this.findByUserHash(userHash);
      if (known) return known;
      const { lastInsertRowid } = this.run('INSERT INTO accounts (name) VALUES (?)', name);
      const id = Number(lastInsertRowid);
      this.link(id, userHash, name);
      return { id, name };
    });
  }

  /** A new account with a password, or `null` where the address has one already. */
  create(email: string, passwordHash: string): Account | null {
    const { changes, lastInsertRowid } = this.run(
      'INSERT OR IGNORE INTO accounts (name, email, password) VALUES (?, ?, ?)',
      email,
      email,
      passwordHash,
    );
    return changes ? { id: Number(lastInsertRowid), name: email } : null;
  }

  /** The account of that e-mail address, with the hash of its password. */
  findByEmail(email: string): (Account & { password: string }) | undefined {
    return this.one('SELECT id, name, password FROM accounts WHERE email = ?', email);
  }

  /** Gives an account its first password. Returns `false` where the address or the account has one. */
  addPassword(id: number, email: string, passwordHash: string): boolean {
    const sql =
      'UPDATE OR IGNORE accounts SET email = ?, password = ? WHERE id = ? AND password IS NULL';
    return this.run(sql, email, passwordHash, id).changes > 0;
  }

  /**
   * Links a LaunchKey identity to an account.
   *
   * @returns `'taken'` where the identity belongs to another account, `'occupied'` where the account
   *   has another identity.
   */
  link(id: number, userHash: string, name: string): 'linked' | 'taken' | 'occupied' {
    this.run(
      'INSERT OR IGNORE INTO launchkey_identities (user_hash, account_id, name) VALUES (?, ?, ?)',
      userHash,
      id,
      name,
    );
    const owner = this.findByUserHash(userHash);
    if (!owner) return 'occupied';
    return owner.id === id ? 'linked' : 'taken';
  }

  /** Unlinks the phone. Returns `false` if no way to log in to the account would remain. */
  unlink(id: number): boolean {
    const sql = `DELETE FROM launchkey_identities WHERE account_id = ?
      AND EXISTS (SELECT 1 FROM accounts WHERE id = account_id AND password IS NOT NULL)`;
    return this.run(sql, id).changes > 0;
  }

  waysToLogIn(id: number): WaysToLogIn {
    const phone = this.one<{ name: string; linkedAt: string }>(
      'SELECT name, linked_at AS linkedAt FROM launchkey_identities WHERE account_id = ?',
      id,
    );
    const account = this.one<{ email: string | null }>(
      'SELECT email FROM accounts WHERE id = ?',
      id,
    );
    return {
      ...(phone && { phone: { name: phone.name, linkedAt: new Date(phone.linkedAt) } }),
      ...(account?.email && { email: account.email }),
    };
  }

  close(): void {
    this.db.close();
  }

  private findByUserHash(userHash: string): Account | undefined {
    return this.one(
      `SELECT accounts.id, accounts.name FROM accounts
       JOIN launchkey_identities ON account_id = accounts.id WHERE user_hash = ?`,
      userHash,
    );
  }

  private one<Row>(sql: string, ...values: unknown[]): Row | undefined {
    const row = this.db.prepare(sql).get(...values);
    if (!row) return undefined;
    // libsql adds how long the query took.
    const { _metadata, ...columns } = row as Record<string, unknown>;
    return columns as Row;
  }

  private run(sql: string, ...values: unknown[]): Database.RunResult {
    return this.db.prepare(sql).run(...values);
  }

  /** All or nothing, in one transaction: other processes may have the file open, too. */
  private atOnce<Result>(steps: () => Result): Result {
    return this.db.transaction(steps).immediate();
  }
}
