import { createRequire } from 'node:module';

// The object that CommonJS modules get, whose members can be replaced.
const crypto = createRequire(import.meta.url)('node:crypto') as typeof import('node:crypto');

let count = 0;

/** How many private-key operations there have been in this process since it began to count. */
export const privateKeyOperations = () => count;

/** Counts one that Node was not asked for. */
export const countOne = () => {
  count += 1;
};

/** Begins to count. What is imported by `import` before or after this is not seen, CommonJS is. */
export function countPrivateKeyOperations(): void {
  counted(crypto, 'sign');
  counted(crypto, 'privateDecrypt');
  counted(crypto, 'privateEncrypt');
  const subtle: typeof crypto.webcrypto.subtle = Object.getPrototypeOf(crypto.webcrypto.subtle);
  counted(subtle, 'sign');
  counted(subtle, 'decrypt');
}

function counted<T extends object>(owner: T, name: keyof T): void {
  const original = owner[name] as (...args: unknown[]) => unknown;
  const replacement = function (this: unknown, ...args: unknown[]) {
    count += 1;
    return original.apply(this, args);
  };
  Object.defineProperty(owner, name, { value: replacement, configurable: true, writable: true });
}
