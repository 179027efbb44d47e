// Writes a bill of materials (CycloneDX) for each package: what its installation brings today.
//
//   node tools/sbom.mjs FOLDER
//
// npm makes it from the packed files rather than from this repository, whose lock file also holds the
// examples and what only development needs.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { npm, pack } from './packing.mjs';

const [target] = process.argv.slice(2);
if (target === undefined) {
  console.error('Usage: node tools/sbom.mjs FOLDER');
  process.exit(2);
}
mkdirSync(target, { recursive: true });

const folder = mkdtempSync(join(tmpdir(), 'sbom-'));
try {
  for (const [name, { tarball }] of Object.entries(pack(folder))) {
    execFileSync('tar', ['-xzf', tarball], { cwd: folder });
    // npm calls the package as its folder is called.
    const unpacked = join(folder, name);
    renameSync(join(folder, 'package'), unpacked);
    leaveOutForeignDependencies(join(unpacked, 'package.json'));
    npm(['install', '--package-lock-only', '--ignore-scripts'], unpacked);
    const text = npm(
      ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=library'],
      unpacked,
    );
    const { metadata, components } = JSON.parse(text);
    if (metadata.component.name !== name)
      throw new Error(`${name} has the bill of another package`);
    const file = resolve(target, `${name}-${metadata.component.version}.cdx.json`);
    writeFileSync(file, text);
    console.log(`${file}: ${components.length} components`);
    rmSync(unpacked, { recursive: true });
  }
} finally {
  rmSync(folder, { recursive: true });
}

/**
 * Takes out of a manifest what an installation does not bring. By `--omit`, npm would leave out
 * packages that are both a dependency and brought by one of those.
 */
function leaveOutForeignDependencies(path) {
  const { devDependencies, peerDependencies, peerDependenciesMeta, ...manifest } = JSON.parse(
    readFileSync(path, 'utf8'),
  );
  writeFileSync(path, JSON.stringify(manifest));
}
