import { isUtf8 } from 'node:buffer';
import { parse } from 'node:querystring';

/**
 * Decodes UTF-8, or ISO-8859-1 where the bytes are not valid UTF-8: Java sends its forms in that
 * encoding unless the application tells it otherwise.
 */
export function decodeText(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : bytes.toString('latin1');
}

/**
 * Parses a query or a form. The values of a parameter that is given several times become one flat
 * array.
 *
 * @param text - the bytes as they came, one character for each byte (`latin1`).
 */
export function parseForm(text: string): Record<string, unknown> {
  // 0 means no limit: a parameter must not be ignored. The sizes of URL and body bound the number.
  return decodeValues(parse(text, '&', '=', { decodeURIComponent: unescapeBytes, maxKeys: 0 }));
}

/**
 * Decodes parameters whose values have one character for each byte that was sent. One encoding counts
 * for all of them, since a client writes its whole form in one.
 */
export function decodeValues(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const sent = Object.values(values).flat().filter(isText).join('\n');
  // Characters beyond a byte were decoded by their part's own declaration.
  const isUnread = /[\x80-\xff]/.test(sent) && !/[^\0-\xff]/.test(sent);
  if (!isUnread || !isUtf8(Buffer.from(sent, 'latin1'))) return values;
  const decoded: Record<string, unknown> = Object.create(null);
  for (const [name, value] of Object.entries(values)) {
    decoded[name] = Array.isArray(value) ? value.map(fromUtf8) : fromUtf8(value);
  }
  return decoded;
}

function fromUtf8(value: unknown): unknown {
  return isText(value) ? Buffer.from(value, 'latin1').toString('utf8') : value;
}

function unescapeBytes(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_escape, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
