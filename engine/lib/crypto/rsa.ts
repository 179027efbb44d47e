import {
  constants,
  createPrivateKey,
  type KeyObject,
  publicEncrypt,
  sign,
  verify,
  webcrypto,
} from 'node:crypto';
import { KeyCopies } from './key-copies.js';

/**
 * Verifies RSASSA-PKCS1-v1_5 with SHA-256. Synchronous on purpose: with a public exponent of 65537 it
 * takes a fortieth of a millisecond, a third of what the way to the thread pool and back costs.
 */
export function verifySignature(data: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  return verify('sha256', data, key, signature);
}

/** Signs with RSASSA-PKCS1-v1_5 and SHA-256, on the thread pool. */
export class Signer {
  private readonly copies: KeyCopies<KeyObject>;

  constructor(key: KeyObject) {
    this.copies = new KeyCopies(() => copyOf(key));
  }

  sign(text: string): Promise<string> {
    return this.copies.use((key) => signInPool(key, text));
  }
}

function signInPool(key: KeyObject, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    sign('sha256', Buffer.from(text), key, (error, signature) => {
      if (error) reject(error);
      else resolve(signature.toString('base64'));
    });
  });
}

function copyOf(key: KeyObject): KeyObject {
  const der = key.export({ type: 'pkcs8', format: 'der' });
  const copy = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  return copy;
}

/** Encrypts for the holder of `key`: RSA-OAEP with SHA-1 and an empty label. */
export function encryptFor(key: KeyObject, data: Uint8Array): Buffer {
  return publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' }, data);
}

/** Decrypts RSA-OAEP off the event loop, by WebCrypto: `node:crypto` has only a blocking call for it. */
export class OaepDecryptor {
  private readonly copies: KeyCopies<webcrypto.CryptoKey>;

  constructor(key: KeyObject) {
    this.copies = new KeyCopies(() => importForOaep(key));
  }

  /** Resolves to `undefined` for what was not encrypted with this key. */
  decrypt(ciphertext: Uint8Array): Promise<Buffer | undefined> {
    return this.copies.use((key) => decryptInPool(key, ciphertext));
  }
}

async function decryptInPool(
  key: webcrypto.CryptoKey,
  ciphertext: Uint8Array,
): Promise<Buffer | undefined> {
  try {
    return Buffer.from(await webcrypto.subtle.decrypt({ name: 'RSA-OAEP' }, key, ciphertext));
  } catch {
    return undefined;
  }
}

function importForOaep(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const der = key.export({ type: 'pkcs8', format: 'der' });
  const algorithm = { name: 'RSA-OAEP', hash: 'SHA-1' };
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['decrypt']);
}
