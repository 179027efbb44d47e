/*
 * npm run bench [-- --quick] [-- --write]
 *
 * Measures the two packages as they are built, in rounds that alternate between all ways of logging
 * in, and prints the figures. `--quick` measures less of everything, for work on the code; `--write`
 * puts all of them into RESULTS.md and three into the README of the repository. See README.md in this
 * folder.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measure } from './measure.js';
import { headline, report } from './report.js';
import { write } from './write.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, write: { type: 'boolean' } },
});

const run = (...args: string[]) =>
  execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
run('tools/build.mjs');
run('node_modules/typescript/bin/tsc', '-p', 'bench/tsconfig.json');

const measured = await measure(values.quick === true);
const text = report(measured);
console.log(text);
if (values.write) {
  write(`${root}bench/RESULTS.md`, text);
  write(`${root}README.md`, headline(measured));
}
