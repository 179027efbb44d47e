// Takes the defences of SECURITY.md out, one after the other, in a copy of this repository, and runs
// the tests that are to fail then. A test that passes without its defence proves nothing.
//
//   node tools/check-defences.mjs          tries them all
//   node tools/check-defences.mjs WORD…    those in whose row, test or files all the words occur
//
// It ends with 1 if one survives, and if a test fails with its defence in place.
import { execFileSync, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defences } from './defences.mjs';
import { root } from './packing.mjs';

/** Milliseconds after which a run of Vitest is given up. */
const PATIENCE = 300_000;

const words = process.argv.slice(2).map((word) => word.toLowerCase());
const chosen = defences.filter((defence) => {
  const text = JSON.stringify(defence).toLowerCase();
  return words.every((word) => text.includes(word));
});
const copy = copyRepository();
/** The results with everything in place, by file. */
const whole = new Map();
process.once('exit', () => rmSync(copy, { recursive: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
process.exitCode = await check();

async function check() {
  if (chosen.length === 0) {
    console.error('There is no such defence.');
    return 1;
  }
  console.log(`${chosen.length} defences, tried in ${copy}`);
  console.log('\n| row | without | test | |\n|---|---|---|---|');
  let survivors = 0;
  for (const defence of chosen) {
    const { row, without, spec, test } = defence;
    const verdict = (await holds(defence)) ? await tryWithout(defence) : 'FAILS ANYWAY, or is none';
    if (verdict !== 'fails') survivors++;
    console.log(`| ${row} | ${without} | \`${spec}\`, "${test}" | ${verdict} |`);
  }
  console.log(`\n${chosen.length - survivors} fail as they should, ${survivors} do not`);
  return survivors === 0 ? 0 : 1;
}

/** Whether the tests of a defence pass while it is in place. All of one file are run at once. */
async function holds({ spec, test }) {
  if (!whole.has(spec)) {
    const tests = chosen.filter((other) => other.spec === spec).map((other) => other.test);
    whole.set(spec, await run(spec, tests));
  }
  const { passed, failed } = count(whole.get(spec), spec, test);
  return passed > 0 && failed === 0;
}

async function tryWithout({ edits, spec, test }) {
  const files = new Map();
  try {
    for (const { file, source, replacement } of edits) {
      const text = readFileSync(join(copy, file), 'utf8');
      if (!files.has(file)) files.set(file, text);
      if (text.split(source).length !== 2) return `NOT FOUND once in ${file}: ${source}`;
      writeFileSync(
        join(copy, file),
        text.replace(source, () => replacement),
      );
    }
    const { passed, failed } = count(await run(spec, [test]), spec, test);
    // A file that cannot be loaded any more has no tests, and proves nothing.
    if (passed + failed === 0) return 'DOES NOT RUN';
    return failed > 0 ? 'fails' : 'SURVIVES';
  } finally {
    for (const [file, text] of files) writeFileSync(join(copy, file), text);
  }
}

/** The results of the tests in a file whose names have one of the texts in them. */
async function run(spec, tests) {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const pattern = tests.map((test) => test.replace(/[^\w\s]/g, '\\$&')).join('|');
  const vitest = spawn(
    process.execPath,
    [
      join(copy, 'node_modules/vitest/vitest.mjs'),
      'run',
      spec,
      `--testNamePattern=${pattern}`,
      '--reporter=json',
      `--outputFile=${report}`,
    ],
    { cwd: copy, stdio: 'ignore', timeout: PATIENCE, killSignal: 'SIGKILL' },
  );
  await new Promise((resolve) => vitest.once('exit', resolve));
  return existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')).testResults : [];
}

function count(results, spec, test) {
  const tests = results
    .filter(({ name }) => name === join(copy, spec))
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ fullName }) => fullName.includes(test));
  const having = (status) => tests.filter((result) => result.status === status).length;
  return { passed: having('passed'), failed: having('failed') };
}

/** What git keeps or would keep, with what was installed and built linked in. */
function copyRepository() {
  const to = realpathSync(mkdtempSync(join(tmpdir(), 'defences-')));
  const files = execFileSync('git', ['ls-files', '-z', '-co', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  for (const file of new Set(files.split('\0'))) {
    if (file && existsSync(join(root, file))) cpSync(join(root, file), join(to, file));
  }
  const examples = readdirSync(join(root, 'examples')).map((name) => `examples/${name}`);
  for (const folder of ['.', 'engine', ...examples].flatMap(made)) {
    symlinkSync(realpathSync(join(root, folder)), join(to, folder));
  }
  return to;
}

function made(folder) {
  const folders = [join(folder, 'node_modules'), join(folder, 'dist')];
  return folders.filter((path) => existsSync(join(root, path)));
}
