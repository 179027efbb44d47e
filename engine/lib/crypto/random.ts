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
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length * 2)) {
      if (byte < fair && text.length < length) text += alphabet[byte % alphabet.length];
    }
  }
  return text;
}
