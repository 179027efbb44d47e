// Checks that a clone installs from whatever registry its machine uses: no file that git keeps
// names one, and package-lock.json holds checksums but no download addresses.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { root } from './packing.mjs';

const lock = JSON.parse(readFileSync(`${root}/package-lock.json`, 'utf8'));
assert.equal(lock.lockfileVersion, 3);
let locked = 0;
for (const [path, { resolved, link, integrity, optionalDependencies }] of Object.entries(
  lock.packages,
)) {
  // npm leaves out the builds for other systems when it writes the lock file beside an installed
  // node_modules, and then refuses to install from it.
  for (const name of Object.keys(optionalDependencies ?? {})) {
    assert.ok(isLocked(path, name), `${path} needs ${name}, which the lock file does not have`);
  }
  if (resolved !== undefined) {
    assert.doesNotMatch(resolved, /^[a-z+]+:/i, `${path} has a download address in the lock file`);
  }
  if (path.includes('node_modules/') && !link) {
    assert.match(integrity ?? '', /^sha512-/, `${path} has no checksum in the lock file`);
    locked++;
  }
}

/** Whether a package is found from a place in node_modules, as Node.js looks for it. */
function isLocked(from, name) {
  if (lock.packages[`${from}${from && '/'}node_modules/${name}`]) return true;
  return (
    from !== '' && isLocked(from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/'))), name)
  );
}

const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
  .split('\0')
  .filter((file) => /(^|\/)(\.npmrc|\.yarnrc.*|package\.json|package-lock\.json|run)$/.test(file));
for (const file of files) {
  assert.doesNotMatch(
    readFileSync(`${root}/${file}`, 'utf8'),
    /\bregistry\s*=|"registry"\s*:|https?:\/\/registry\./i,
    `${file} names a package registry`,
  );
}
console.log(`${locked} packages are locked by checksum alone; no registry is named.`);
