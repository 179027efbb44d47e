import type { IncomingMessage } from 'node:http';

/** More than any form or event needs, in bytes; a bigger body is not read. */
const LIMIT = 64 * 1024;

/**
 * The fields of a form or JSON body, whether a body parser has read it already or nobody has.
 *
 * @throws for what cannot be read.
 */
export async function bodyFields(
  req: IncomingMessage & { body?: unknown },
): Promise<Iterable<[string, unknown]>> {
  const parsed = req.body;
  if (typeof parsed === 'object' && parsed !== null && !Buffer.isBuffer(parsed)) {
    return Object.entries(parsed);
  }
  const text =
    typeof parsed === 'string' || Buffer.isBuffer(parsed) ? String(parsed) : await readBody(req);
  if (/^\s*\{/.test(text)) return Object.entries(JSON.parse(text) as object);
  return new URLSearchParams(text);
}

async function readBody(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of req) {
    length += (chunk as Buffer).length;
    if (length > LIMIT) throw new RangeError(`A body may have ${LIMIT} bytes at most.`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
