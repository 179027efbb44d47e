import { createCipheriv, randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { decryptAes } from '../../lib/crypto/aes.js';

const keyAndIv = randomBytes(48);

function encrypt(padded: string): Buffer {
  const cipher = createCipheriv('aes-256-cbc', keyAndIv.subarray(0, 32), keyAndIv.subarray(32));
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(padded, 'utf8'), cipher.final()]);
}

it('decryptAes() decrypts text that is padded with blanks', () => {
  expect(decryptAes(keyAndIv, encrypt('{"code":"abcdef"}'.padEnd(32)))).toBe('{"code":"abcdef"}');
});

it('decryptAes() decrypts text that fills its blocks', () => {
  expect(decryptAes(keyAndIv, encrypt('x'.repeat(16)))).toBe('x'.repeat(16));
});

it('decryptAes() refuses a key, an IV or data of a wrong length', () => {
  const data = encrypt('x'.repeat(16));
  expect(() => decryptAes(keyAndIv.subarray(0, 47), data)).toThrow();
  expect(() => decryptAes(Buffer.concat([keyAndIv, keyAndIv]), data)).toThrow();
  expect(() => decryptAes(keyAndIv, data.subarray(1))).toThrow();
});
