const ALPHABET = /^[A-Za-z0-9+/]*={0,2}$/;
const LONGEST = 4096;

/**
 * Decodes base64 as old clients send it: broken into lines, or with its `+` turned into blanks by a
 * query string that was not encoded. Since a blank may be either, `bytes`, the length that the result
 * must have, decides; without it, white space is only dropped.
 *
 * Returns `undefined` for what is not base64 (of exactly that length).
 */
export function decodeBase64(text: string, bytes?: number): Buffer | undefined {
  if (text.length > LONGEST) return undefined;
  const unbroken = /[\r\n\t]/.test(text) ? text.replace(/[\r\n\t]+/g, '') : text;
  const length = bytes === undefined ? undefined : 4 * Math.ceil(bytes / 3);
  const exact =
    unbroken.length === length ? unbroken.replaceAll(' ', '+') : unbroken.replaceAll(' ', '');
  if (exact === '' || exact.length % 4 !== 0 || !ALPHABET.test(exact)) return undefined;
  const decoded = Buffer.from(exact, 'base64');
  return bytes === undefined || decoded.length === bytes ? decoded : undefined;
}

/**
 * Breaks base64 by `\r\n` after each 64 characters, as the hosted API did with auth packages. The
 * backslashes that it wrote before slashes are left out: Go decodes no text that has them, and all
 * other SDKs read both.
 */
export function breakLines(base64: string): string {
  return base64.replace(/.{64}(?=.)/g, '$&\r\n');
}
