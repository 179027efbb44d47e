import {
  constants,
  type KeyObject,
  publicEncrypt,
  sign as signWithCallback,
  verify as verifyWithCallback,
  webcrypto,
} from 'node:crypto';

// Private-key operations run in libuv's thread pool, so that one login does not block another: the
// callback forms of node:crypto, and WebCrypto for OAEP, which node:crypto offers synchronously only.

/** Signs with RSASSA-PKCS1-v1_5 and SHA-256 (RFC 8017, section 8.2). */
export function sign(key: KeyObject, data: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    signWithCallback('sha256', data, pkcs1(key), (error, signature) => {
      if (error) reject(error);
      else resolve(signature);
    });
  });
}

/**
 * Verifies an RSASSA-PKCS1-v1_5 signature with SHA-256.
 *
 * @returns `false` for a malformed signature, too.
 */
export function verify(key: KeyObject, data: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    verifyWithCallback('sha256', data, pkcs1(key), signature, (error, valid) => {
      resolve(!error && valid);
    });
  });
}

const pkcs1 = (key: KeyObject) => ({ key, padding: constants.RSA_PKCS1_PADDING });

/**
 * The most bytes that OAEP with SHA-1 encrypts: the modulus less two hashes of 20 bytes and two
 * more (RFC 8017, section 7.1.1).
 */
export function maxOaepBytes(modulusBits: number): number {
  return modulusBits / 8 - 42;
}

/** Encrypts with RSA-OAEP and SHA-1. Synchronous: with a public key it takes about 30 µs. */
export function encryptOaep(key: KeyObject, data: Uint8Array): Buffer {
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, data);
}

/**
 * Decrypts RSA-OAEP with SHA-1.
 *
 * WebCrypto runs the operations of one imported key one after the other. The key is therefore
 * imported once for each pool thread, and the copies take turns: 5,800 decryptions a second on two
 * cores instead of 3,080.
 */
export class OaepDecrypter {
  readonly #key: KeyObject;
  #copies: Promise<webcrypto.CryptoKey[]> | undefined;
  #next = 0;

  constructor(key: KeyObject) {
    this.#key = key;
  }

  /** Rejects with an error of WebCrypto, which names no reason, for anything that does not decrypt. */
  async decrypt(ciphertext: Uint8Array): Promise<Buffer> {
    this.#copies ??= importCopies(this.#key);
    const copies = await this.#copies;
    this.#next = (this.#next + 1) % copies.length;
    const key = copies[this.#next] as webcrypto.CryptoKey;
    return Buffer.from(await webcrypto.subtle.decrypt('RSA-OAEP', key, new Uint8Array(ciphertext)));
  }
}

async function importCopies(key: KeyObject): Promise<webcrypto.CryptoKey[]> {
  const der = key.export({ type: 'pkcs8', format: 'der' });
  const algorithm = { name: 'RSA-OAEP', hash: 'SHA-1' };
  const copies = Array.from({ length: poolThreads() }, () =>
    webcrypto.subtle.importKey('pkcs8', new Uint8Array(der), algorithm, false, ['decrypt']),
  );
  der.fill(0);
  return Promise.all(copies);
}

const DEFAULT_POOL_THREADS = 4;
const MAX_COPIES = 16;

/** The size of libuv's thread pool. */
function poolThreads(): number {
  const asked = Number.parseInt(process.env.UV_THREADPOOL_SIZE ?? '', 10);
  const threads = Number.isNaN(asked) ? DEFAULT_POOL_THREADS : asked;
  return Math.min(Math.max(threads, 1), MAX_COPIES);
}
