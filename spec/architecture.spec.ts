import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A row of an import table in ARCHITECTURE.md. */
interface Layer {
  name: string;
  mayImport: string[];
}

/** The files of the layers that are not folders, without their extension. */
const FILE_LAYERS: Record<string, string[]> = {
  engine: readdirSync(join(root, 'engine/lib'))
    .filter((name) => name.endsWith('.ts') && !['index.ts', 'errors.ts'].includes(name))
    .map((name) => name.slice(0, -'.ts'.length)),
  errors: ['errors'],
};

const ARCHITECTURE = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
const copy = mkdtempSync(join(tmpdir(), 'architecture-'));
cpSync(join(root, 'biome.json'), join(copy, 'biome.json'));

afterAll(() => rmSync(copy, { recursive: true }));

describe.each([
  ['lib', '## lib/'],
  ['engine/lib', '## engine/'],
])('the import rules of %s', (folder, heading) => {
  const layers = tableUnder(heading);

  it('cover every folder', () => {
    const folders = readdirSync(join(root, folder), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(layers.map(({ name }) => name)).toEqual(expect.arrayContaining(folders));
  });

  it('are the same in ARCHITECTURE.md and in the linter', () => {
    const imports = layers.flatMap(({ name }) => importsFrom(folder, name, layers));
    for (const { file, specifiers } of imports) write(file, specifiers);
    const refused = refusedImports(folder);
    for (const { name, mayImport } of layers) {
      for (const { file, specifiers } of imports.filter(({ layer }) => layer === name)) {
        const forbidden = specifiers.filter(
          ({ target }) => target !== name && !mayImport.includes(target),
        );
        expect({ file, refused: (refused.get(file) ?? []).toSorted() }).toEqual({
          file,
          refused: forbidden.map(({ specifier }) => specifier).toSorted(),
        });
      }
    }
  });

  it('forbid the import of an index.ts in every folder', () => {
    const files = layers
      .filter(({ name }) => !FILE_LAYERS[name])
      .map(({ name }) => join(folder, name, 'inner', 'index-import.ts'));
    const specifiers = ['./index.js', '../index.js', '../../index.js'];
    for (const file of files) {
      write(
        file,
        specifiers.map((specifier) => ({ specifier })),
      );
    }
    const refused = refusedImports(folder);
    for (const file of files) expect(refused.get(file)?.toSorted()).toEqual(specifiers.toSorted());
  });
});

interface ImportingFile {
  layer: string;
  file: string;
  specifiers: { target: string; specifier: string }[];
}

/** Files of one layer that import every layer: in its folder, and in a folder inside it. */
function importsFrom(folder: string, layer: string, layers: Layer[]): ImportingFile[] {
  const files = FILE_LAYERS[layer]?.map((name) => ({
    file: join(folder, `${name}.ts`),
    up: './',
  })) ?? [
    { file: join(folder, layer, 'imports.ts'), up: '../' },
    { file: join(folder, layer, 'inner', 'imports.ts'), up: '../../' },
  ];
  return files.map(({ file, up }) => ({
    layer,
    file,
    specifiers: layers.flatMap(({ name }) =>
      (FILE_LAYERS[name] ?? [`${name}/module`]).map((path) => ({
        target: name,
        specifier: `${up}${path}.js`,
      })),
    ),
  }));
}

function write(file: string, specifiers: { specifier: string }[]): void {
  mkdirSync(join(copy, dirname(file)), { recursive: true });
  const lines = specifiers.map(({ specifier }) => `import '${specifier}';\n`);
  writeFileSync(join(copy, file), lines.join(''));
}

/** The specifiers that the linter refuses, by file. */
function refusedImports(folder: string): Map<string, string[]> {
  const biome = join(root, 'node_modules', '.bin', 'biome');
  const { stdout } = spawnSync(
    biome,
    [
      'lint',
      '--only=style/noRestrictedImports',
      '--vcs-enabled=false',
      '--reporter=json',
      '--max-diagnostics=none',
      folder,
    ],
    { cwd: copy, encoding: 'utf8' },
  );
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { location: { path: string; start: { line: number } } }[];
  };
  const refused = new Map<string, string[]>();
  for (const { location } of diagnostics) {
    const line = readFileSync(join(copy, location.path), 'utf8').split('\n')[
      location.start.line - 1
    ];
    const specifier = /'(.*)'/.exec(line ?? '')?.[1] ?? '';
    refused.set(location.path, [...(refused.get(location.path) ?? []), specifier]);
  }
  return refused;
}

/** The rows of the first table under a heading, whose last column lists what a layer may import. */
function tableUnder(heading: string): Layer[] {
  const section = ARCHITECTURE.split(`\n${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| `([\w-]+)[^|]*\|[^|]*\|([^|]*)\|$/gm)].map(
    ([, name = '', cell = '']) => ({
      name,
      mayImport: [...cell.matchAll(/`([\w-]+)`/g)].map(([, other = '']) => other),
    }),
  );
}
