import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const BROWSER = [
  'spec/browser/**/*.spec.ts',
  'engine/spec/browser/**/*.spec.ts',
  'examples/*/spec/browser/**/*.spec.ts',
];
/** As spec/support/endurance.ts says. */
const ENDURANCE = process.env.ENDURANCE === '1';
const PACKAGE = ['spec/package/**/*.spec.ts'];

/** A project of tests; all run at the same time, in as many processes as the machine has cores. */
function project(test: TestProjectInlineConfiguration['test']): TestProjectInlineConfiguration {
  return {
    resolve: {
      // The first that fits counts.
      alias: [
        { find: 'passport-launchkey/redis', replacement: source('./lib/redis.ts') },
        {
          find: 'passport-launchkey/store-contract',
          replacement: source('./lib/store-contract.ts'),
        },
        { find: 'passport-launchkey', replacement: source('./lib/index.ts') },
        { find: 'launchkey-engine', replacement: source('./engine/lib/index.ts') },
        {
          find: /^\.\/sqlite-worker-url\.js$/,
          replacement: source('./engine/spec/support/sqlite-worker-url.ts'),
        },
      ],
    },
    test: {
      // Files share what they load: loading the engine takes longer than most files.
      isolate: false,
      testTimeout: 60_000,
      hookTimeout: 60_000,
      setupFiles: source('./spec/support/setup.ts'),
      sequence: { shuffle: { tests: true } },
      ...test,
    },
  };
}

export default defineConfig({
  test: {
    // Runs once, and not for each project.
    globalSetup: source('./spec/support/global-setup.ts'),
    maxWorkers: availableParallelism(),
    // On by `npm run test:endurance`.
    coverage: {
      provider: 'custom',
      customProviderModule: source('./tools/coverage-provider.mjs'),
      include: [source('./lib/**/*.ts'), source('./engine/lib/**/*.ts')],
      reporter: ['text-summary', 'html'],
      thresholds: { 'lib/**': { lines: 95 }, 'engine/lib/**': { lines: 95 } },
    },
    sequence: { shuffle: { tests: true } },
    projects: [
      project({
        name: 'code',
        include: ['spec/**/*.spec.ts', 'engine/spec/**/*.spec.ts', 'examples/*/spec/**/*.spec.ts'],
        exclude: [...BROWSER, ...PACKAGE],
      }),
      // Pages reload by themselves, and machines are slow.
      project({ name: 'browser', include: BROWSER, testTimeout: 90_000 }),
      project({
        name: 'package',
        include: PACKAGE,
        exclude: ENDURANCE ? [] : ['**/*.endurance.spec.ts'],
      }),
    ],
  },
});
