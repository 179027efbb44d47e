// Prepares the files of a checkout for `npm publish`; the release workflow runs it, and commits none
// of it.
//
//   node tools/prepare-release.mjs vX.Y.Z https://HOST/OWNER/NAME
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { root } from './packing.mjs';
import { releaseFiles } from './release.mjs';

const [tag = '', repository] = process.argv.slice(2);
try {
  const changed = releaseFiles({
    tag,
    repository,
    read: (path) => readFileSync(`${root}/${path}`, 'utf8'),
    isFolder: (path) => statSync(`${root}/${path}`).isDirectory(),
  });
  for (const [path, text] of Object.entries(changed)) writeFileSync(`${root}/${path}`, text);
  console.log(`${tag} of ${repository}: ${Object.keys(changed).join(', ')}`);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
