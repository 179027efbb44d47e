// Runs all tests in full and measures their coverage. Words go to Vitest.
import { spawnSync } from 'node:child_process';
import { root } from './packing.mjs';

const vitest = [`${root}/node_modules/vitest/vitest.mjs`, 'run', '--coverage'];
const { status } = spawnSync(process.execPath, [...vitest, ...process.argv.slice(2)], {
  cwd: root,
  env: { ...process.env, ENDURANCE: '1' },
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
