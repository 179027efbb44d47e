import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { npm } from '../../tools/packing.mjs';
import { INSTALLATION_TIMEOUT_MS, packBoth, projectWith, TEST_TIMEOUT_MS } from './packed.js';
import type { Project } from './project.js';

/** Everything that the library exports, types aside. A name that is removed breaks an application. */
const EXPORTS = [
  'CHANNELS',
  'CommunicationError',
  'ConfigurationError',
  'EngineError',
  'ExpiredAuthRequestError',
  'InvalidCallbackError',
  'InvalidCredentialsError',
  'InvalidRequestError',
  'InvalidResponseError',
  'InvalidSignatureError',
  'LaunchKeyClient',
  'LaunchKeyError',
  'LaunchKeyStrategy',
  'MemoryStore',
  'NoPairedDevicesError',
  'NoSuchUserError',
  'RateLimitExceededError',
  'StoreFullError',
  'StoreUnavailableError',
  'Strategy',
  'UnknownAuthRequestError',
  'default',
  'policy',
];

/** The same for the other entries. */
const SUBPATHS = { redis: ['RedisStore'], contract: ['storeContract'] };

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS });

const { library, engine } = packBoth();

describe('installed into an empty project', () => {
  let project: Project;
  beforeAll(() => {
    project = projectWith(
      library,
      engine,
      'passport',
      '@types/node',
      '@types/passport',
      '@types/express',
    );
    project.add('express.ts', 'express.mts');
    project.add('stores.ts', 'stores.mts');
    for (const file of [
      'require.cts',
      'require.cjs',
      'use.mjs',
      'stores.mjs',
      'login.mjs',
      'engine.mts',
    ]) {
      project.add(file);
    }
  }, INSTALLATION_TIMEOUT_MS);
  afterAll(() => project?.remove());

  it('brings three runtime dependencies and leaves no peer unmet', () => {
    const tree = JSON.parse(npm(['ls', '--json', '--depth=1'], project.folder));
    expect(tree.problems).toBeUndefined();
    const manifest = readFileSync(
      join(project.folder, 'node_modules/passport-launchkey/package.json'),
      'utf8',
    );
    expect(Object.keys(JSON.parse(manifest).dependencies).toSorted()).toEqual([
      'axios',
      'jsrsasign',
      'passport-strategy',
    ]);
  });

  it('has the same exports by import and by require(), and one class for each', async () => {
    expect(JSON.parse(await project.node('use.mjs'))).toEqual({
      imported: EXPORTS,
      required: EXPORTS,
      differ: [],
      defaultIsTheStrategy: true,
      errorIsOfTheImportedClass: true,
      error: { name: 'ConfigurationError', code: expect.stringMatching(/^LAUNCHKEY_/) },
      registered: true,
    });
  });

  it('has a store and a contract on subpaths, and needs no redis for them', async () => {
    const same = (exports: string[]) => ({ imported: exports, required: exports, same: true });
    expect(JSON.parse(await project.node('stores.mjs'))).toEqual({
      redis: same(SUBPATHS.redis),
      contract: same(SUBPATHS.contract),
      errorIsOfTheMainEntry: true,
      kept: true,
    });
  });

  it('is used from CommonJS', async () => {
    expect(JSON.parse(await project.node('require.cjs'))).toEqual({
      same: true,
      name: 'LaunchKeyStrategy',
    });
  });

  it('logs in through the installed engine, and the process ends by itself', async () => {
    expect(JSON.parse(await project.node('login.mjs'))).toEqual({
      approved: 'alice',
      denied: 'denied',
    });
  });

  it('has the command of the engine', async () => {
    const help = await project.node('node_modules/.bin/launchkey-engine', '--help');
    expect(help).toContain('launchkey-engine');
  });

  it('has the types of the engine', async () => {
    await project.compile(['engine.mts'], { module: 'nodenext' });
  });

  it('compiles in a TypeScript project', async () => {
    await project.compile(['express.mts', 'stores.mts', 'require.cts'], { module: 'nodenext' });
  });
});
