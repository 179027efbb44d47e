// Type-checks everything: the code with its tests, the authenticator's page, and each example as a
// program of its own, since examples declare the type of their users globally.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { root } from './packing.mjs';

const projects = [
  'tsconfig.json',
  'engine/authenticator/tsconfig.json',
  ...readdirSync(`${root}/examples`)
    .map((example) => `examples/${example}/tsconfig.json`)
    .filter((project) => existsSync(`${root}/${project}`)),
];

let failed = false;
for (const project of projects) {
  try {
    execFileSync(
      process.execPath,
      [`${root}/node_modules/typescript/bin/tsc`, '--noEmit', '-p', project],
      { cwd: root, stdio: 'inherit' },
    );
  } catch {
    failed = true;
    console.error(`${project}: type errors, see above`);
  }
}
process.exitCode = failed ? 1 : 0;
