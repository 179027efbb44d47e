import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: {
      'passport-launchkey': source('./lib/index.ts'),
      'launchkey-engine': source('./engine/lib/index.ts'),
    },
  },
  test: {
    include: ['spec/**/*.spec.ts', 'engine/spec/**/*.spec.ts', 'examples/*/spec/**/*.spec.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    sequence: { shuffle: { tests: true } },
  },
});
