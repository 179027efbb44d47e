import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'libsql';

/** A user of this application. */
export interface User {
  id: number;
  name: string;
}

/** The application's users, kept in an SQLite file that is created at the first start. */
export class Users {
  private readonly db: Database.Database;

  constructor(file: string) {
    if (file !== ':memory:') mkdirSync(dirname(file), { recursive: true });
    this.db = new Database(file);
    if (file !== ':memory:') chmodSync(file, 0o600);
    this.db.exec(`
      CREATE TABLE IF NOT EXISTS users (
        id        INTEGER PRIMARY KEY,
        name      TEXT NOT NULL,
        user_hash TEXT NOT NULL UNIQUE
      )`);
  }

  find(id: number): User | undefined {
    return this.db.prepare('SELECT id, name FROM users WHERE id = ?').get(id) as User | undefined;
  }

  /**
   * The user of that hash; a first login makes one. The hash is what LaunchKey vouches for: the
   * name was only typed in, and is kept as something to greet the user with.
   */
  findOrCreate(userHash: string, name: string): User {
    this.db
      .prepare('INSERT INTO users (name, user_hash) VALUES (?, ?) ON CONFLICT DO NOTHING')
      .run(name, userHash);
    return this.db.prepare('SELECT id, name FROM users WHERE user_hash = ?').get(userHash) as User;
  }

  close(): void {
    this.db.close();
  }
}
