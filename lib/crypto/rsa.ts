import {
  constants,
  createPrivateKey,
  type KeyObject,
  publicEncrypt,
  sign as signWithCallback,
  verify as verifyWithCallback,
  webcrypto,
} from 'node:crypto';
import { KeyCopies } from './key-copies.js';

// Private-key operations run in libuv's thread pool, so that one login does not block another: the
// callback forms of node:crypto, and WebCrypto for OAEP, which node:crypto offers synchronously only.

const signingCopies = new WeakMap<KeyObject, KeyCopies<KeyObject>>();

/**
 * Signs with RSASSA-PKCS1-v1_5 and SHA-256 (RFC 8017, section 8.2).
 *
 * @throws LaunchKeyError with the code `'LAUNCHKEY_BUSY'` when too many signatures wait for the key.
 */
export function sign(key: KeyObject, data: Uint8Array, signal?: AbortSignal): Promise<Buffer> {
  let copies = signingCopies.get(key);
  if (!copies) {
    copies = new KeyCopies(() => copyOf(key));
    signingCopies.set(key, copies);
  }
  return copies.use((copy) => signInPool(copy, data), signal);
}

function signInPool(key: KeyObject, data: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    signWithCallback('sha256', data, pkcs1(key), (error, signature) => {
      if (error) reject(error);
      else resolve(signature);
    });
  });
}

function copyOf(key: KeyObject): KeyObject {
  const der = key.export({ type: 'pkcs8', format: 'der' });
  const copy = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  return copy;
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

/** Decrypts RSA-OAEP with SHA-1. */
export class OaepDecrypter {
  readonly #copies: KeyCopies<webcrypto.CryptoKey>;

  constructor(key: KeyObject) {
    this.#copies = new KeyCopies(() => importForOaep(key));
  }

  /**
   * Decrypts one ciphertext. The signal ends the wait for the key.
   *
   * @throws an error of WebCrypto, which names no reason, for anything that does not decrypt.
   * @throws LaunchKeyError with the code `'LAUNCHKEY_BUSY'` when too many ciphertexts wait for the key.
   */
  decrypt(ciphertext: Uint8Array, signal?: AbortSignal): Promise<Buffer> {
    return this.#copies.use((key) => decryptInPool(key, ciphertext), signal);
  }
}

async function decryptInPool(key: webcrypto.CryptoKey, ciphertext: Uint8Array): Promise<Buffer> {
  return Buffer.from(await webcrypto.subtle.decrypt('RSA-OAEP', key, new Uint8Array(ciphertext)));
}

async function importForOaep(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const der = key.export({ type: 'pkcs8', format: 'der' });
  const algorithm = { name: 'RSA-OAEP', hash: 'SHA-1' };
  const imported = webcrypto.subtle.importKey('pkcs8', new Uint8Array(der), algorithm, false, [
    'decrypt',
  ]);
  der.fill(0);
  return imported;
}
