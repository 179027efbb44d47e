import { afterAll, afterEach, beforeEach, vi } from 'vitest';
import { endFile } from './file-scope.js';
import { beginLending, endLending, takeKeyPair } from './key-pool.js';

// Engines in this process take their keys from the pool. engine/spec/cli.spec.ts tests how an engine
// generates them.
vi.mock(import('../../engine/lib/crypto/keys.js'), async (importOriginal) => ({
  ...(await importOriginal()),
  generateRsa: async () => takeKeyPair(),
}));

beforeEach(beginLending);
afterEach(endLending);
afterAll(endFile);
