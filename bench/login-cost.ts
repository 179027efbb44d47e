/*
 * npx tsx bench/login-cost.ts [--logins 64] [--at-once 1] [--delay-ms 0] [--on SQLite] [--texts]
 *
 * Counts the SQL statements and fsyncs of one login with its event: authorize, device state, answer,
 * event, report. The fsyncs need a C compiler, `cc`; those of PostgreSQL are not counted, since it is
 * another process. `--delay-ms` makes each fsync longer. `--texts` prints the statements, the most
 * frequent ones first.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Child } from './child.js';
import type { LoadMethods } from './load-process.js';
import { type Place, Places } from './places.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    logins: { type: 'string', default: '64' },
    'at-once': { type: 'string', default: '1' },
    'delay-ms': { type: 'string', default: '0' },
    on: { type: 'string', default: 'SQLite' },
    texts: { type: 'boolean', default: false },
    built: { type: 'boolean', default: false },
  },
});
const logins = Number(values.logins);
const atOnce = Number(values['at-once']);
/** The default of the engine. */
const RATE_LIMIT = {
  windows: [
    { requests: 1, seconds: 5 },
    { requests: 3, seconds: 60 },
  ],
};
/** Logins before those that are counted. */
const WARM_UP = Math.max(8, atOnce);

const run = (...args: string[]) =>
  execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
if (!values.built) {
  run('tools/build.mjs');
  run('node_modules/typescript/bin/tsc', '-p', 'bench/tsconfig.json');
}

const folder = mkdtempSync(join(tmpdir(), 'login-cost-'));
const statementLog = join(folder, 'statements');
const fsyncCount = join(folder, 'fsyncs');
const shim = buildShim();
// By a variable, which threads inherit.
const hook = `--import ${new URL('./statement-hook.mjs', import.meta.url).href}`;
const places = await Places.open();
const load = new Child<LoadMethods>('load-process');
try {
  writeFileSync(statementLog, '');
  const users = WARM_UP + logins;
  const devices = await load.call('makeDevices', Math.min(users, 1000));
  const { url, child } = await places.start(
    values.on as Place,
    { users, devices },
    {
      rateLimit: RATE_LIMIT,
      env: { STATEMENT_LOG: statementLog, NODE_OPTIONS: hook, ...shim },
    },
  );
  const app = await child.call('createApp', await load.call('callbackUrl'));
  await load.call('aim', { api: url, devices: url, app });
  await load.call('logIn', { first: 0, count: WARM_UP, atOnce });
  const before = {
    statements: statements().length,
    fsyncs: fsyncs(),
    cpu: await child.call('cpu'),
  };
  const took = await load.call('logIn', { first: WARM_UP, count: logins, atOnce });
  const cpu = (await child.call('cpu')) - before.cpu;
  const texts = statements().slice(before.statements);
  const synced = fsyncs() - before.fsyncs;
  console.log(
    `${values.on}, ${logins} logins, ${atOnce} at once, fsyncs ${values['delay-ms']} ms longer`,
  );
  console.log(`statements for one login: ${(texts.length / logins).toFixed(1)}`);
  if (shim.LD_PRELOAD) console.log(`fsyncs for one login: ${(synced / logins).toFixed(2)}`);
  console.log(`logins a second: ${((logins / took) * 1000).toFixed(1)}`);
  console.log(`CPU of the engine for one login: ${(cpu / logins).toFixed(2)} ms`);
  if (values.texts) printTexts(texts);
} finally {
  await load.end();
  await places.close();
  rmSync(folder, { recursive: true, force: true });
}

function statements(): string[] {
  return readFileSync(statementLog, 'utf8').split('\n').filter(Boolean);
}

function fsyncs(): number {
  return shim.LD_PRELOAD ? Number(readFileSync(fsyncCount).readBigInt64LE()) : Number.NaN;
}

/** The variables that load the shim; none without a C compiler. */
function buildShim(): Record<string, string> {
  const library = join(folder, 'fsync-shim.so');
  const source = fileURLToPath(new URL('./fsync-shim.c', import.meta.url));
  try {
    execFileSync('cc', ['-shared', '-fPIC', '-O2', '-o', library, source, '-ldl']);
  } catch (error) {
    console.error(`fsyncs are not counted: ${(error as Error).message}`);
    return {};
  }
  return {
    LD_PRELOAD: library,
    FSYNC_COUNT_FILE: fsyncCount,
    FSYNC_DELAY_US: String(Number(values['delay-ms']) * 1000),
  };
}

function printTexts(texts: string[]): void {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  for (const [text, count] of [...counts].sort(([, a], [, b]) => b - a)) {
    console.log(`${(count / logins).toFixed(2).padStart(7)}  ${text.slice(0, 160)}`);
  }
}
