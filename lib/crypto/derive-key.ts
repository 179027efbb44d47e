import { hkdfSync, type KeyObject } from 'node:crypto';

const KEY_LENGTH = 32;

/**
 * Derives a secret from a private key by HKDF, the same one in every process that has the key.
 *
 * @param purpose - what the secret is used for: another purpose means another secret.
 */
export function deriveKey(privateKey: KeyObject, purpose: string): Buffer {
  const secret = privateKey.export({ type: 'pkcs8', format: 'der' });
  return Buffer.from(hkdfSync('sha256', secret, 'passport-launchkey', purpose, KEY_LENGTH));
}
