import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { npm, pack } from '../../tools/packing.mjs';
import { nestExampleCases } from '../support/nest-example.js';
import { Project } from './project.js';

const { devDependencies } = JSON.parse(
  readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
) as { devDependencies: Record<string, string> };

/** Everything that the library exports, types aside. A name that goes breaks somebody. */
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

/** How TypeScript projects resolve modules, and in which kinds of file. */
const MODES = [
  { mode: 'node16', options: { module: 'node16' }, kinds: ['mts', 'cts'] },
  { mode: 'nodenext', options: { module: 'nodenext' }, kinds: ['mts', 'cts'] },
  {
    mode: 'bundler',
    options: { module: 'esnext', moduleResolution: 'bundler', esModuleInterop: true },
    kinds: ['mts', 'ts'],
  },
];

const NEST_EXAMPLE = fileURLToPath(new URL('../../examples/nestjs', import.meta.url));

const INSTALLATION = 240_000;
vi.setConfig({ testTimeout: 120_000 });

const packing = mkdtempSync(join(tmpdir(), 'passport-launchkey-packed-'));
const tarballs = pack(packing);
const library = tarballs['passport-launchkey'].tarball;
afterAll(() => rmSync(packing, { recursive: true }));

/** A project with these packages; those of this repository in the versions that it has. */
function projectWith(...packages: string[]): Project {
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

describe('installed into an empty project', () => {
  let project: Project;
  beforeAll(() => {
    project = projectWith(
      library,
      tarballs['launchkey-engine'].tarball,
      'passport',
      '@types/node',
      '@types/passport',
      '@types/express',
      'typescript-5@npm:typescript@~5.5',
    );
    for (const kind of ['ts', 'mts', 'cts']) {
      project.add('express.ts', `express.${kind}`);
      project.add('stores.ts', `stores.${kind}`);
    }
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
  }, INSTALLATION);
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

  it.each(MODES)('compiles under $mode', async ({ mode, options, kinds }) => {
    const files = kinds.flatMap((kind) => [`express.${kind}`, `stores.${kind}`]);
    await project.compile(mode === 'bundler' ? files : [...files, 'require.cts'], options);
  });

  it.each(MODES)('compiles under $mode with an older compiler', async ({ options, kinds }) => {
    const files = kinds.flatMap((kind) => [`express.${kind}`, `stores.${kind}`]);
    await project.compile(
      files,
      { ...options, exactOptionalPropertyTypes: true },
      join(project.folder, 'node_modules', 'typescript-5'),
    );
  });
});

describe('installed without any types but those of Node.js', () => {
  let project: Project;
  beforeAll(() => {
    project = projectWith(library, 'passport', '@types/node');
    for (const kind of ['ts', 'mts', 'cts']) project.add('plain.ts', `plain.${kind}`);
  }, INSTALLATION);
  afterAll(() => project?.remove());

  it.each(MODES)('compiles under $mode', async ({ options, kinds }) => {
    await project.compile(
      kinds.map((kind) => `plain.${kind}`),
      options,
    );
  });
});

describe('installed beside other hosts', () => {
  let project: Project;
  beforeAll(() => {
    project = projectWith(
      library,
      'passport',
      '@types/node',
      '@types/passport',
      '@types/express',
      '@types/express-session',
      'express-session',
      '@nestjs/common@11',
      '@nestjs/core@11',
      '@nestjs/passport@11',
      '@nestjs/platform-express@11',
      'reflect-metadata@0.2',
      'rxjs@7',
      'fastify@5',
      '@fastify/passport@4',
      'jest@30',
      'redis',
    );
    for (const file of [
      'nest.ts',
      'fastify.ts',
      'redis.ts',
      'required.test.cjs',
      'imported.test.mjs',
    ]) {
      project.add(file);
    }
  }, INSTALLATION);
  afterAll(() => project?.remove());

  it('is a base class of NestJS strategies', async () => {
    await project.compile(['nest.ts'], {
      module: 'nodenext',
      experimentalDecorators: true,
      emitDecoratorMetadata: true,
      // The types of NestJS itself name optional packages that are not there.
      skipLibCheck: true,
    });
  });

  describe('runs the example of NestJS 12 on NestJS 11, which', () => {
    beforeAll(async () => {
      cpSync(NEST_EXAMPLE, join(project.folder, 'nestjs'), {
        recursive: true,
        filter: (path) => !/node_modules|\.json$|demo\.ts$/.test(path),
      });
      project.write('nestjs/package.json', '{ "type": "module" }');
      await project.compile(['nestjs/app.ts'], {
        module: 'nodenext',
        experimentalDecorators: true,
        skipLibCheck: true,
        noEmit: false,
        rootDir: 'nestjs',
        outDir: 'nestjs/built',
      });
    }, INSTALLATION);

    nestExampleCases(() => ({ folder: join(project.folder, 'nestjs'), app: './built/app.js' }));
  });

  it('is a strategy of @fastify/passport', async () => {
    await project.compile(['fastify.ts'], {
      module: 'nodenext',
      // The types of @fastify/flash name an optional package that is not there.
      skipLibCheck: true,
    });
  });

  it('takes a client of the package redis', async () => {
    // The types of the client do not pass every check of their own.
    await project.compile(['redis.ts'], { module: 'nodenext', skipLibCheck: true });
  });

  it('works in Jest, by require() and by import', async () => {
    project.write(
      'jest.config.json',
      JSON.stringify({
        testMatch: ['**/*.test.{cjs,mjs}'],
        moduleFileExtensions: ['js', 'cjs', 'mjs', 'json'],
      }),
    );
    await project.node('--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--ci');
  });
});
