import { afterAll, afterEach, beforeEach, inject, vi } from 'vitest';
import { endFile } from './file-scope.js';
import { beginLending, endLending, takeKeyPair } from './key-pool.js';

// Engines in this process take their keys from the pool. engine/spec/cli.spec.ts tests how an engine
// generates them.
vi.mock(import('../../engine/lib/crypto/keys.js'), async (importOriginal) => ({
  ...(await importOriginal()),
  generateRsa: async () => takeKeyPair(),
}));

// For the programs that tests start, which inherit it.
const programCoverage = inject('programCoverage');
if (programCoverage) process.env.NODE_V8_COVERAGE = programCoverage;

beforeEach(beginLending);
afterEach(endLending);
afterAll(endFile);
