/** More than any form or event needs, in bytes; a bigger body is not read. */
const LIMIT = 64 * 1024;

/** A request whose body has been read, or else is a stream as in Node.js. */
interface BodyRequest extends Partial<AsyncIterable<unknown>> {
  body?: unknown;
}

/**
 * The fields of a form or JSON body, whether a body parser has read it already or nobody has. None
 * where the host has read it and found nothing.
 *
 * @throws for what cannot be read.
 */
export async function bodyFields(req: BodyRequest): Promise<Iterable<[string, unknown]>> {
  const parsed = req.body;
  if (typeof parsed === 'object' && parsed !== null && !Buffer.isBuffer(parsed)) {
    return Object.entries(parsed);
  }
  const text =
    typeof parsed === 'string' || Buffer.isBuffer(parsed) ? String(parsed) : await readBody(req);
  if (/^\s*\{/.test(text)) return Object.entries(JSON.parse(text) as object);
  return new URLSearchParams(text);
}

async function readBody(req: BodyRequest): Promise<string> {
  if (!req[Symbol.asyncIterator]) return '';
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of req as AsyncIterable<unknown>) {
    length += (chunk as Buffer).length;
    if (length > LIMIT) throw new RangeError(`A body may have ${LIMIT} bytes at most.`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
