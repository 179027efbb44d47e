import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { inject } from 'vitest';
import { onFileFinished } from './file-scope.js';

/** An RSA pair of 2048 bits. */
export interface KeyPair {
  publicKey: KeyObject;
  privateKey: KeyObject;
}

declare module 'vitest' {
  interface ProvidedContext {
    /** The private keys of the pool, as PEM with PKCS#8. */
    keyPool: readonly string[];
  }
}

let free: string[] | undefined;
/** The keys that the running test has taken; `undefined` between tests. */
let taken: string[] | undefined;

/**
 * Takes a pair from the pool that all test files share, because generating one takes a fifth of a
 * second. No two callers hold the same pair: a test holds its pairs until it ends, and pairs that
 * are taken outside a test are not lent again. An empty pool grows by a pair.
 */
export function takeKeyPair(): KeyPair {
  free ??= [...inject('keyPool')];
  const pem = free.shift() ?? generateKey();
  taken?.push(pem);
  const privateKey = createPrivateKey(pem);
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

function generateKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** Lets the file hold the pairs that `make` takes, for what the first test makes and all use. */
export async function keepKeyPairs<T>(make: () => Promise<T>): Promise<T> {
  const takenByTest = taken;
  const takenByFile: string[] = [];
  taken = takenByFile;
  onFileFinished(() => giveBack(takenByFile));
  try {
    return await make();
  } finally {
    taken = takenByTest;
  }
}

/** Called before each test. */
export function beginLending(): void {
  taken = [];
}

/** Called after each test. */
export function endLending(): void {
  giveBack(taken ?? []);
  taken = undefined;
}

/** To the end of the queue, so that a pair comes again as late as can be. */
function giveBack(pairs: string[]): void {
  free?.push(...pairs);
}
