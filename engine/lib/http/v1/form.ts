import { isUtf8 } from 'node:buffer';
import { parse } from 'node:querystring';

/** Decodes UTF-8, or ISO-8859-1 if the bytes are not valid UTF-8: Java sends forms in that encoding. */
export function decodeText(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : bytes.toString('latin1');
}

/**
 * Parses a query or a form. The values of a repeated parameter become one flat array.
 *
 * @param text - the raw bytes, one character for each byte (`latin1`).
 */
export function parseForm(text: string): Record<string, unknown> {
  // 0 means no limit: no parameter may be ignored. The size of URL and body limits their number.
  if (isAscii(text)) return parse(text, '&', '=', { maxKeys: 0 });
  return decodeValues(parse(text, '&', '=', { decodeURIComponent: unescapeBytes, maxKeys: 0 }));
}

/** Whether a form has ASCII values only: most do, and they are the same in all encodings. */
function isAscii(text: string): boolean {
  return !/[\x80-\xff]|%[89a-f]/i.test(text);
}

/**
 * Decodes parameters whose values have one character for each byte. A client encodes its whole form in
 * one way, so one encoding is chosen for all values.
 */
export function decodeValues(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const sent = Object.values(values).flat().filter(isText).join('\n');
  // A multipart field that declares its encoding is decoded already: it has characters beyond a byte.
  const isRaw = /[\x80-\xff]/.test(sent) && !/[^\0-\xff]/.test(sent);
  if (!isRaw || !isUtf8(Buffer.from(sent, 'latin1'))) return values;
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
