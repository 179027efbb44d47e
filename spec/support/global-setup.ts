import { createPrivateKey, generateKeyPair } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { serveShared } from './shared-server.js';

/** More pairs than the tests of one file hold at a time. */
const POOL_SIZE = 24;
/** Kept from run to run, outside of version control. */
const POOL_FILE = fileURLToPath(
  new URL('../../node_modules/.cache/passport-launchkey/test-keys.json', import.meta.url),
);

/** Runs once, in Vitest's main process. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const shared = await serveShared();
  project.provide('sharedUrl', shared.url);
  project.provide('programCoverage', await programCoverage(project));
  project.provide('keyPool', await readPool().catch(generatePool));
  return shared.close;
}

/** The folder in which tools/coverage-provider.mjs expects the coverage of programs. */
async function programCoverage({ vitest: { config } }: TestProject): Promise<string | undefined> {
  const { enabled, reportsDirectory } = config.coverage;
  if (!enabled) return undefined;
  const folder = resolve(config.root, reportsDirectory, 'programs');
  await mkdir(folder, { recursive: true });
  return folder;
}

async function readPool(): Promise<string[]> {
  const keys: string[] = JSON.parse(await readFile(POOL_FILE, 'utf8'));
  if (keys.length < POOL_SIZE) throw new Error('The pool was made by an older version.');
  for (const key of keys) createPrivateKey(key);
  return keys;
}

async function generatePool(): Promise<string[]> {
  const generate = promisify(generateKeyPair);
  const pairs = Array.from({ length: POOL_SIZE }, () => generate('rsa', { modulusLength: 2048 }));
  const keys = (await Promise.all(pairs)).map(({ privateKey }) =>
    privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  );
  await mkdir(dirname(POOL_FILE), { recursive: true });
  // Another run may read the file at this moment, so it appears at once and complete.
  const draft = `${POOL_FILE}.${process.pid}`;
  await writeFile(draft, JSON.stringify(keys), { mode: 0o600 });
  await rename(draft, POOL_FILE);
  return keys;
}
