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
process.once('exit', () => rmSync(copy, { recursive: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
process.exitCode = await check();

async function check() {
  if (chosen.length === 0) {
    console.error('There is no such defence.');
    return 1;
  }
  console.log(`${chosen.length} defences, tried in ${copy}`);
  const specs = [...new Set(chosen.map(({ spec }) => spec))];
  const tests = [...new Set(chosen.map(({ test }) => test))];
  const whole = await run(specs, tests);
  const unusable = chosen.filter(({ spec, test }) => {
    const { passed, failed } = count(whole, spec, test);
    return passed === 0 || failed > 0;
  });
  for (const { spec, test } of unusable) {
    console.error(`With its defence in place, this test fails or is none: ${spec} "${test}"`);
  }
  if (unusable.length > 0) return 1;

  console.log('\n| row | without | test | |\n|---|---|---|---|');
  let survivors = 0;
  for (const defence of chosen) {
    const { row, without, spec, test } = defence;
    const verdict = await tryWithout(defence);
    if (verdict !== 'fails') survivors++;
    console.log(`| ${row} | ${without} | \`${spec}\`, "${test}" | ${verdict} |`);
  }
  console.log(`\n${chosen.length - survivors} fail as they should, ${survivors} do not`);
  return survivors === 0 ? 0 : 1;
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
    const { passed, failed } = count(await run([spec], [test]), spec, test);
    // A file that cannot be loaded any more has no tests, and proves nothing.
    if (passed + failed === 0) return 'DOES NOT RUN';
    return failed > 0 ? 'fails' : 'SURVIVES';
  } finally {
    for (const [file, text] of files) writeFileSync(join(copy, file), text);
  }
}

/** The results of the tests in some files whose names have one of the texts in them. */
async function run(specs, tests) {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const pattern = tests.map((test) => test.replace(/[^\w\s]/g, '\\$&')).join('|');
  const vitest = spawn(
    process.execPath,
    [
      join(copy, 'node_modules/vitest/vitest.mjs'),
      'run',
      ...specs,
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
