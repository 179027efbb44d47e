// Loaded with --import into an engine: appends each SQL statement that it runs, in any of its threads,
// to the file STATEMENT_LOG.
import { appendFileSync } from 'node:fs';
import Libsql from 'libsql';
import pg from 'pg';

const file = process.env.STATEMENT_LOG;
/** Methods of a statement call each other. */
let running = false;

function log(text) {
  appendFileSync(file, `${text.replaceAll(/\s+/g, ' ')}\n`);
}

const { prepare, exec } = Libsql.prototype;
Libsql.prototype.prepare = function (text) {
  const statement = prepare.call(this, text);
  for (const method of ['run', 'get', 'all', 'iterate']) {
    const run = statement[method];
    statement[method] = function (...values) {
      if (running) return run.apply(this, values);
      running = true;
      log(text);
      try {
        return run.apply(this, values);
      } finally {
        running = false;
      }
    };
  }
  return statement;
};
Libsql.prototype.exec = function (text) {
  log(text);
  return exec.call(this, text);
};

const { query } = pg.Client.prototype;
pg.Client.prototype.query = function (config, ...rest) {
  log(typeof config === 'string' ? config : config.text);
  return query.call(this, config, ...rest);
};
