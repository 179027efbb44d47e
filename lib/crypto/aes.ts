import { createDecipheriv } from 'node:crypto';

/**
 * Decrypts what a white label directory says about a new user:
 * AES-256-CBC, padded with blanks. `keyAndIv` holds the 32 bytes of the key and the 16 of the IV.
 */
export function decryptAes(keyAndIv: Uint8Array, data: Uint8Array): string {
  const decipher = createDecipheriv('aes-256-cbc', keyAndIv.subarray(0, 32), keyAndIv.subarray(32));
  // Blanks are not a padding that OpenSSL knows; it would take the last blank for a padding length.
  decipher.setAutoPadding(false);
  const text = Buffer.concat([decipher.update(data), decipher.final()]).toString('utf8');
  return text.trimEnd();
}
