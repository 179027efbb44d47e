// Writes the API reference of both packages from their doc comments to docs/api.
//
//   node tools/api-reference.mjs            writes it
//   node tools/api-reference.mjs --check    ends with 1 if it differs from what is in docs/api
//
// A warning of TypeDoc is an error: a broken link, or a type that users meet and cannot import.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { API_REFERENCE } from './markdown.mjs';
import { root } from './packing.mjs';

const WORKSPACE = `${root}/tools/typedoc`;
const target = `${root}/${API_REFERENCE}`;

if (process.argv.includes('--check')) check();
else write(target);

function write(folder) {
  const typedoc = `${WORKSPACE}/node_modules/typedoc/bin/typedoc`;
  execFileSync(process.execPath, [typedoc, '--out', folder], { cwd: WORKSPACE, stdio: 'inherit' });
}

function check() {
  const folder = mkdtempSync(join(tmpdir(), 'api-reference-'));
  try {
    write(folder);
    const [now, kept] = [pagesIn(folder), pagesIn(target)];
    const stale = [...new Set([...now.keys(), ...kept.keys()])]
      .filter((page) => now.get(page) !== kept.get(page))
      .sort();
    if (stale.length > 0) {
      console.error(`${API_REFERENCE} is not what the doc comments say: run "npm run docs".`);
      console.error(stale.map((page) => `  ${page}`).join('\n'));
      process.exitCode = 1;
      return;
    }
    console.log(`${API_REFERENCE}: ${now.size} pages are what the doc comments say.`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The text of each page, by its path. */
function pagesIn(folder) {
  const pages = readdirSync(folder, { recursive: true }).filter((path) => path.endsWith('.md'));
  return new Map(
    pages.map((path) => [
      path.replaceAll('\\', '/'),
      readFileSync(join(folder, path), 'utf8').replaceAll('\r\n', '\n'),
    ]),
  );
}
