import { randomBytes } from 'node:crypto';

export const LOWERCASE_AND_DIGITS = 'abcdefghijklmnopqrstuvwxyz0123456789';
export const LETTERS_AND_DIGITS = `ABCDEFGHIJKLMNOPQRSTUVWXYZ${LOWERCASE_AND_DIGITS}`;
/** Without the characters that people confuse: I and 1, O and 0. */
export const TYPEABLE = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
export const DIGITS = '0123456789';

/** Makes an unguessable text of `length` characters, each one as likely as any other. */
export function randomText(length: number, alphabet: string): string {
  // Bytes above the largest multiple of the alphabet's size would favour its first characters.
  const fair = 256 - (256 % alphabet.length);
  // Not put together by `+=`, which V8 keeps as a chain of one object for each character.
  const text = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    for (const byte of randomBytes(length * 2)) {
      if (byte >= fair || filled >= length) continue;
      text[filled++] = alphabet.charCodeAt(byte % alphabet.length);
    }
  }
  return text.toString('latin1');
}
