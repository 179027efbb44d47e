/** One block of a PEM file (RFC 7468), such as `-----BEGIN PRIVATE KEY-----`. */
export interface PemBlock {
  /** The words after BEGIN. */
  label: string;
  /** The content, base64 without white space. */
  base64: string;
  /** How the content is encrypted, from the RFC 1421 headers of an encrypted PKCS#1 key. */
  dekInfo?: string;
}

/** Longer texts are not searched. A key of 16,384 bits has 13,000 characters. */
const MAX_TEXT_LENGTH = 65_536;
const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,64})-----([\s\S]*?)-----END \1-----/g;
const DEK_INFO = /DEK-Info:\s*([A-Z0-9-]{1,64})\s*,\s*([0-9A-Fa-f]{1,64})/;
const PROC_TYPE = /Proc-Type:\s*4\s*,\s*ENCRYPTED/;

/**
 * Finds the PEM blocks in a text, whatever precedes them and however their lines end: with `\n`,
 * `\r\n` or `\r`, with blanks as after an unquoted shell variable, or with a backslash and an `n` as
 * in an environment file.
 */
export function parsePem(text: string): PemBlock[] {
  if (text.length > MAX_TEXT_LENGTH) return [];
  const lines = text.replaceAll('\\r', '').replaceAll('\\n', '\n').replace(/\r\n?/g, '\n');
  return Array.from(lines.matchAll(BLOCK), ([, label = '', content = '']) => {
    const [, cipher, salt] = DEK_INFO.exec(content) ?? [];
    const block: PemBlock = { label, base64: bodyOf(content) };
    if (cipher && salt) block.dekInfo = `${cipher},${salt}`;
    return block;
  });
}

function bodyOf(content: string): string {
  return content
    .replace(PROC_TYPE, '')
    .replace(DEK_INFO, '')
    .split('\n')
    .filter((line) => !line.includes(':'))
    .join('')
    .replace(/\s+/g, '');
}

/** Writes a block with lines of 64 characters, as every reader of PEM accepts it. */
export function writePem({ label, base64, dekInfo }: PemBlock): string {
  const headers = dekInfo ? `Proc-Type: 4,ENCRYPTED\nDEK-Info: ${dekInfo}\n\n` : '';
  const body = base64.match(/.{1,64}/g)?.join('\n') ?? '';
  return `-----BEGIN ${label}-----\n${headers}${body}\n-----END ${label}-----\n`;
}
