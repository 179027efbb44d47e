import { randomBytes } from 'node:crypto';

export const LOWERCASE_AND_DIGITS = 'abcdefghijklmnopqrstuvwxyz0123456789';
export const LETTERS_AND_DIGITS = `ABCDEFGHIJKLMNOPQRSTUVWXYZ${LOWERCASE_AND_DIGITS}`;
/** Without the characters that people confuse: I and 1, O and 0. */
export const TYPEABLE = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
export const DIGITS = '0123456789';

/** Bytes are drawn in stock: a draw costs more than what it brings. */
const STOCK = 4096;
let stock = Buffer.alloc(0);
let used = 0;

/** Makes an unguessable text of `length` characters, each one as likely as any other. */
export function randomText(length: number, alphabet: string): string {
  // Bytes above the largest multiple of the alphabet's size would favour its first characters.
  const fair = 256 - (256 % alphabet.length);
  // Not put together by `+=`, which V8 keeps as a chain of one object for each character.
  const text = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const byte = randomByte();
    if (byte < fair) text[filled++] = alphabet.charCodeAt(byte % alphabet.length);
  }
  return text.toString('latin1');
}

/** A fresh random byte. Used bytes are not kept. */
function randomByte(): number {
  if (used === stock.length) {
    stock = randomBytes(STOCK);
    used = 0;
  }
  const byte = stock[used] as number;
  stock[used++] = 0;
  return byte;
}
