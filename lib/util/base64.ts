/**
 * Decodes base64 as it is found on the wire: broken by line ends, with a
 * backslash before a slash, with blanks where a form decoder met a bare plus sign. `null` for
 * anything that is not base64 or longer than `maxBytes`.
 */
export function decodeBase64(text: unknown, maxBytes: number): Buffer | null {
  // Line breaks and backslashes add well under half of the encoded length.
  if (typeof text !== 'string' || text.length > maxBytes * 2 + 64) return null;
  const plain = text
    .trim()
    .replaceAll(' ', '+')
    .replace(/[\\\s]/g, '');
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(plain)) return null;
  const bytes = Buffer.from(plain, 'base64');
  return bytes.length > 0 && bytes.length <= maxBytes ? bytes : null;
}
