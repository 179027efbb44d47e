import { createDecipheriv } from 'node:crypto';

const KEY_BYTES = 32;

/**
 * Decrypts the description of a new white label user: AES-256-CBC, padded with blanks.
 *
 * @param keyAndIv The 32 bytes of the key, followed by the 16 bytes of the IV.
 * @throws An error of `node:crypto` for a key, an IV or data of the wrong length.
 */
export function decryptAes(keyAndIv: Uint8Array, data: Uint8Array): string {
  const key = keyAndIv.subarray(0, KEY_BYTES);
  const decipher = createDecipheriv('aes-256-cbc', key, keyAndIv.subarray(KEY_BYTES));
  // OpenSSL does not know this padding: it would read the last blank as a padding length.
  decipher.setAutoPadding(false);
  const text = Buffer.concat([decipher.update(data), decipher.final()]).toString('utf8');
  return text.trimEnd();
}
