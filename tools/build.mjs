// Builds both packages: TypeScript to dist/, and the authenticator's web app to engine/dist/.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));

rmSync(`${root}/dist`, { recursive: true, force: true });
rmSync(`${root}/engine/dist`, { recursive: true, force: true });

for (const project of [
  'tsconfig.build.json',
  'engine/tsconfig.build.json',
  'engine/authenticator/tsconfig.json',
]) {
  if (!existsSync(`${root}/${project}`)) continue;
  execFileSync(process.execPath, [tsc, '-p', project], { cwd: root, stdio: 'inherit' });
}
cpSync(`${root}/engine/authenticator/static`, `${root}/engine/dist/authenticator`, {
  recursive: true,
});
