import {
  constants,
  type KeyObject,
  publicEncrypt,
  sign as signWithCallback,
  verify as verifyWithCallback,
  webcrypto,
} from 'node:crypto';

// Every private-key operation runs in libuv's thread pool, so that no login blocks another: the
// callback forms of node:crypto, and WebCrypto for OAEP, whose node:crypto form is synchronous only.

/** Signs with RSASSA-PKCS1-v1_5 and SHA-256 (RFC 8017, section 8.2). */
export function sign(key: KeyObject, data: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    signWithCallback('sha256', data, pkcs1(key), (error, signature) => {
      if (error) reject(error);
      else resolve(signature);
    });
  });
}

/** Verifies an RSASSA-PKCS1-v1_5 signature with SHA-256. A malformed signature is merely not valid. */
export function verify(key: KeyObject, data: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    verifyWithCallback('sha256', data, pkcs1(key), signature, (error, valid) => {
      resolve(!error && valid);
    });
  });
}

const pkcs1 = (key: KeyObject) => ({ key, padding: constants.RSA_PKCS1_PADDING });

/** The hash of the protocol's OAEP takes 20 bytes twice, and two more are fixed (RFC 8017, 7.1.1). */
export function oaepLimit(modulusBits: number): number {
  return modulusBits / 8 - 42;
}

/** Encrypts with RSA-OAEP and SHA-1. Synchronous: with a public key it takes some 30 µs. */
export function encryptOaep(key: KeyObject, data: Uint8Array): Buffer {
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, data);
}

/**
 * Decrypts RSA-OAEP with SHA-1.
 *
 * WebCrypto runs the operations of one imported key one after the other. So the key is imported as
 * often as there are pool threads to use it, and the copies take turns: 5,800 decryptions a second
 * on two cores instead of 3,080.
 */
export class OaepDecrypter {
  readonly #key: KeyObject;
  #copies: Promise<webcrypto.CryptoKey[]> | undefined;
  #next = 0;

  constructor(key: KeyObject) {
    this.#key = key;
  }

  /** Rejects with an error of WebCrypto's, which says nothing about why, when it cannot decrypt. */
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

/** How many threads libuv's pool has, which is 4 where nothing else was asked for. */
function poolThreads(): number {
  const asked = Number.parseInt(process.env.UV_THREADPOOL_SIZE ?? '', 10);
  return Math.min(Math.max(Number.isNaN(asked) ? 4 : asked, 1), 16);
}
