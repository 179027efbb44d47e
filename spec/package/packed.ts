import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { npm, pack } from '../../tools/packing.mjs';
import { Project } from './project.js';

const { devDependencies } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { devDependencies: Record<string, string> };

/** The milliseconds that npm may take to install what is not in its cache. */
export const INSTALLATION_TIMEOUT_MS = 240_000;
export const TEST_TIMEOUT_MS = 120_000;

/** How TypeScript projects resolve modules, and in which kinds of file. */
export const MODES = [
  { mode: 'node16', options: { module: 'node16' }, kinds: ['mts', 'cts'] },
  { mode: 'nodenext', options: { module: 'nodenext' }, kinds: ['mts', 'cts'] },
  {
    mode: 'bundler',
    options: { module: 'esnext', moduleResolution: 'bundler', esModuleInterop: true },
    kinds: ['mts', 'ts'],
  },
];

/** Packs both packages as they are built; the tarballs are removed after the file. */
export function packBoth(): { library: string; engine: string } {
  const folder = mkdtempSync(join(tmpdir(), 'passport-launchkey-packed-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const tarballs = pack(folder);
  return {
    library: tarballs['passport-launchkey'].tarball,
    engine: tarballs['launchkey-engine'].tarball,
  };
}

/** A project with these packages; those of this repository in the versions that it has. */
export function projectWith(...packages: string[]): Project {
  const project = new Project();
  const specs = packages.map((name) =>
    devDependencies[name] ? `${name}@${devDependencies[name]}` : name,
  );
  npm(
    ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', ...specs],
    project.folder,
  );
  return project;
}
