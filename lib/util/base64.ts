/**
 * Decodes base64 as it appears on the wire: with line breaks, with a backslash before a slash, and
 * with blanks that a form decoder made of plus signs. Returns `null` for text that is not base64 or
 * is longer than `maxBytes`.
 */
export function decodeBase64(text: unknown, maxBytes: number): Buffer | null {
  // Line breaks and backslashes add less than half of the encoded length.
  if (typeof text !== 'string' || text.length > maxBytes * 2 + 64) return null;
  const plain = text
    .trim()
    .replaceAll(' ', '+')
    .replace(/[\\\s]/g, '');
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(plain)) return null;
  const bytes = Buffer.from(plain, 'base64');
  return bytes.length > 0 && bytes.length <= maxBytes ? bytes : null;
}
