// Checks that a clone installs from whatever registry its machine uses: no file that git keeps
// names one, and package-lock.json holds checksums but no download addresses.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { root } from './packing.mjs';

const lock = JSON.parse(readFileSync(`${root}/package-lock.json`, 'utf8'));
assert.equal(lock.lockfileVersion, 3);
let locked = 0;
for (const [path, { resolved, link, integrity }] of Object.entries(lock.packages)) {
  if (resolved !== undefined) {
    assert.doesNotMatch(resolved, /^[a-z+]+:/i, `${path} has a download address in the lock file`);
  }
  if (path.includes('node_modules/') && !link) {
    assert.match(integrity ?? '', /^sha512-/, `${path} has no checksum in the lock file`);
    locked++;
  }
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
