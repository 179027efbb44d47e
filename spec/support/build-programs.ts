import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Programs that tests start as processes, and threads of the engine. */
const PROGRAMS = {
  cli: 'engine/lib/cli/main.ts',
  engine: 'engine/spec/support/engine-main.ts',
  'whole-life': 'engine/spec/support/whole-life.ts',
  'sqlite-worker': 'engine/lib/data/sql/sqlite-worker.ts',
  'traced-sqlite-worker': 'engine/spec/support/traced-sqlite-worker.ts',
  cluster: 'spec/support/cluster-process.mts',
  'many-logins': 'spec/support/many-logins.mts',
  waiting: 'spec/support/waiting-process.mts',
};

/** A module finds its files from where its source is, not from where it was built to. */
const ownUrls: Plugin = {
  name: 'own-urls',
  setup({ onLoad }) {
    // Built beside the programs that start it.
    onLoad({ filter: /[\\/]sqlite-worker-url\.ts$/ }, () => ({
      contents: "export const sqliteWorkerUrl = new URL('./sqlite-worker.mjs', import.meta.url);",
      loader: 'ts',
    }));
    onLoad({ filter: /\.m?ts$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replaceAll(
        'import.meta.url',
        JSON.stringify(pathToFileURL(path).href),
      ),
      loader: 'ts',
    }));
  },
};

/**
 * Builds the programs with all that they need, because a program loads from few files in a third of
 * the time that it takes from its sources. Resolves with their folder.
 */
export async function buildPrograms(): Promise<{ value: string; end(): Promise<void> }> {
  // In this repository, where libsql is found: its binary cannot be built into a file.
  const parent = join(ROOT, 'node_modules/.cache/passport-launchkey');
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'programs-'));
  await build({
    entryPoints: PROGRAMS,
    absWorkingDir: ROOT,
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    external: ['libsql'],
    // Not linked: Node.js would put the maps into each report of coverage.
    sourcemap: 'external',
    sourcesContent: false,
    plugins: [ownUrls],
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
  });
  return { value: folder, end: () => rm(folder, { recursive: true }) };
}
