/* The thread of an SQLite file, which writes each statement that it prepares to FILE.statements. */
import { appendFileSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import Libsql from 'libsql';

const { prepare } = Libsql.prototype;
Libsql.prototype.prepare = function (this: Libsql.Database, text: string) {
  appendFileSync(`${workerData.file}.statements`, `${JSON.stringify(text)}\n`);
  return prepare.call(this, text);
} as typeof prepare;
await import('../../lib/data/sql/sqlite-worker.js');
