import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it, vi } from 'vitest';
import { nestExampleCases } from '../support/nest-example.js';
import {
  INSTALLATION_TIMEOUT_MS,
  MODES,
  packBoth,
  projectWith,
  TEST_TIMEOUT_MS,
} from './packed.js';
import type { Project } from './project.js';

const NEST_EXAMPLE = fileURLToPath(new URL('../../examples/nestjs', import.meta.url));

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS });

const { library } = packBoth();

describe('installed into a project with types', () => {
  let project: Project;
  beforeAll(() => {
    project = projectWith(
      library,
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
    project.add('require.cts');
  }, INSTALLATION_TIMEOUT_MS);
  afterAll(() => project?.remove());

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
  }, INSTALLATION_TIMEOUT_MS);
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
  }, INSTALLATION_TIMEOUT_MS);
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
    }, INSTALLATION_TIMEOUT_MS);

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
