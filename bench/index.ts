/*
 * npm run bench [-- --quick] [-- --write]
 *
 * Measures the two packages as they are built, in rounds that alternate between all ways of logging
 * in, and prints the figures of the README. `--quick` measures less of everything, for work on the
 * code; `--write` puts the figures into the README. See README.md in this folder.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measure } from './measure.js';
import { report } from './report.js';
import { write } from './write.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, write: { type: 'boolean' } },
});

const run = (...args: string[]) =>
  execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
run('tools/build.mjs');
run('node_modules/typescript/bin/tsc', '-p', 'bench/tsconfig.json');

const text = report(await measure(values.quick === true));
console.log(text);
if (values.write) write(`${root}README.md`, text);
