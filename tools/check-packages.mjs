// Checks what would be published: the files, the manifests, and how both packages resolve.
// Build first. Prints the file lists; exits with 1 at the first thing that is wrong.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pack, packages, root } from './packing.mjs';

const DOCUMENTS = ['LICENSE', 'README.md', 'package.json'];

/** Exactly what each tarball holds. */
const EXPECTED = {
  'passport-launchkey': [
    ...DOCUMENTS,
    'CHANGELOG.md',
    'SECURITY.md',
    ...compiled('lib', 'dist', ['.js', '.js.map', '.d.ts']),
  ],
  'launchkey-engine': [
    ...DOCUMENTS,
    ...compiled('engine/lib', 'dist', ['.js', '.js.map', '.d.ts']),
    ...compiled('engine/authenticator/src', 'dist/authenticator', ['.js']),
    ...filesIn('engine/authenticator/static').map((file) => `dist/authenticator/${file}`),
  ],
};

/** What installing the library brings. */
const LIBRARY_DEPENDENCIES = ['axios', 'jsrsasign', 'passport-strategy'];

/** The engine is an ES module, which `require()` loads on every Node.js that it supports. */
const RESOLUTION = {
  'passport-launchkey': [],
  'launchkey-engine': ['--ignore-rules', 'cjs-resolves-to-esm'],
};

const folder = mkdtempSync(join(tmpdir(), 'packages-'));
try {
  for (const [name, { tarball, files, size }] of Object.entries(pack(folder))) {
    console.log(`\n${name}: ${files.length} files, ${Math.ceil(size / 1024)} KiB packed`);
    console.log(files.map((file) => `  ${file}`).join('\n'));
    checkFiles(name, files);
    checkManifest(name);
    run('publint/src/cli.js', ['run', '--strict', tarball]);
    run('@arethetypeswrong/cli/dist/index.js', [
      tarball,
      '--no-emoji',
      '--format=ascii',
      ...RESOLUTION[name],
    ]);
  }
} finally {
  rmSync(folder, { recursive: true });
}

function checkFiles(name, files) {
  const without = (list, other) => list.filter((file) => !other.includes(file));
  assert.deepEqual(
    { missing: without(EXPECTED[name], files), unexpected: without(files, EXPECTED[name]) },
    { missing: [], unexpected: [] },
    `${name} does not hold the files that it should`,
  );
}

function checkManifest(name) {
  const manifest = JSON.parse(readFileSync(`${root}/${packages[name]}/package.json`, 'utf8'));
  const main = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
  assert.equal(manifest.name, name);
  assert.equal(manifest.version, main.version, 'both packages have the same version');
  assert.equal(manifest.license, 'MIT');
  assert.equal(manifest.engines.node, main.engines.node, 'both packages run on the same Node.js');
  for (const hook of ['preinstall', 'install', 'postinstall']) {
    assert.equal(manifest.scripts?.[hook], undefined, `${name} runs nothing when it is installed`);
  }
  for (const [dependency, range] of Object.entries(manifest.dependencies)) {
    assert.match(range, /^\^\d/, `${name} takes ${dependency} from the registry, by a caret range`);
  }
  if (name === 'passport-launchkey') {
    assert.deepEqual(Object.keys(manifest.dependencies).sort(), LIBRARY_DEPENDENCIES);
    assert.equal(manifest.optionalDependencies, undefined);
    assert.equal(manifest.bundleDependencies, undefined);
  }
}

/** The files that TypeScript makes of each module in a folder. */
function compiled(source, target, endings) {
  return filesIn(source)
    .filter((file) => /\.m?ts$/.test(file) && !file.endsWith('.d.ts'))
    .flatMap((file) => {
      const esm = file.endsWith('.mts');
      return endings.map((ending) => {
        const made = esm ? ending.replace(/(js|ts)/, 'm$1') : ending;
        return `${target}/${file.replace(/\.m?ts$/, made)}`;
      });
    });
}

function filesIn(path) {
  return readdirSync(`${root}/${path}`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, path).length + 1))
    .map((file) => file.replaceAll('\\', '/'));
}

function run(script, args) {
  execFileSync(process.execPath, [`${root}/node_modules/${script}`, ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}
