import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const BROWSER = [
  'spec/browser/**/*.spec.ts',
  'engine/spec/browser/**/*.spec.ts',
  'examples/*/spec/browser/**/*.spec.ts',
];
const PACKAGE = ['spec/package/**/*.spec.ts'];

export default defineConfig({
  resolve: {
    // The first that fits counts.
    alias: {
      'passport-launchkey/redis': source('./lib/redis.ts'),
      'passport-launchkey/store-contract': source('./lib/store-contract.ts'),
      'passport-launchkey': source('./lib/index.ts'),
      'launchkey-engine': source('./engine/lib/index.ts'),
    },
  },
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    globalSetup: source('./spec/support/global-setup.ts'),
    setupFiles: source('./spec/support/setup.ts'),
    sequence: { shuffle: { tests: true } },
    // One group after the other: browsers and installations take the cores that the others, some
    // of which watch the clock, are meant to have.
    projects: [
      {
        extends: true,
        test: {
          name: 'code',
          include: [
            'spec/**/*.spec.ts',
            'engine/spec/**/*.spec.ts',
            'examples/*/spec/**/*.spec.ts',
          ],
          exclude: [...BROWSER, ...PACKAGE],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: BROWSER,
          // Pages that reload themselves, on machines that are slow.
          testTimeout: 90_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: { name: 'package', include: PACKAGE, sequence: { groupOrder: 2 } },
      },
    ],
  },
});
