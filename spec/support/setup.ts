import { afterEach, beforeEach, vi } from 'vitest';
import { beginLending, endLending, takeKeyPair } from './key-pool.js';

// Engines in this process take their keys from the pool. engine/spec/crypto/keys.spec.ts tests how an
// engine generates them.
vi.mock(import('../../engine/lib/crypto/keys.js'), async (importOriginal) => ({
  ...(await importOriginal()),
  generateRsa: async () => takeKeyPair(),
}));

beforeEach(beginLending);
afterEach(endLending);
