// Checks that a clone installs from whatever registry its machine uses: no file that git keeps
// names one, and package-lock.json holds checksums but no download addresses. And that only the two
// packages can be published, from whatever repository this is a clone of.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { packages, root } from './packing.mjs';

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
  .filter((file) => file !== '' && existsSync(`${root}/${file}`));
const read = (file) => readFileSync(`${root}/${file}`, 'utf8');
const SELF = 'tools/check-repository.mjs';

for (const file of files.filter((file) => file !== SELF && !file.endsWith('.png'))) {
  assert.doesNotMatch(
    read(file),
    /https?:\/\/registry\.|registry-url/i,
    `${file} names a registry`,
  );
}
for (const file of files.filter((file) =>
  /(^|\/)(\.npmrc|\.yarnrc.*|package\.json|package-lock\.json|run)$/.test(file),
)) {
  assert.doesNotMatch(read(file), /\bregistry\s*=|"registry"\s*:/i, `${file} names a registry`);
}

const published = Object.values(packages).map((folder) =>
  folder === '.' ? 'package.json' : `${folder}/package.json`,
);
for (const file of files.filter((file) => /(^|\/)package\.json$/.test(file))) {
  const manifest = JSON.parse(read(file));
  if (published.includes(file)) {
    // The release workflow sets it, so that forks and mirrors need no change.
    assert.equal(manifest.repository, undefined, `${file} names a repository`);
  } else if (manifest.name !== undefined) {
    assert.equal(manifest.private, true, `${file} is not private`);
  }
}
console.log(`${locked} packages are locked by checksum alone; no registry is named.`);
