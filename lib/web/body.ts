/** More than any form or event needs, in bytes; a bigger body is not read. */
const LIMIT = 64 * 1024;

/** How long a body may take to come, in milliseconds. */
const PATIENCE = 10_000;

/** A request whose body has been read, or else is a stream as in Node.js. */
interface BodyRequest extends Partial<AsyncIterable<unknown>> {
  body?: unknown;
  /** Of Node's streams: whether anybody has read from it. */
  readableDidRead?: boolean;
}

/**
 * The fields of a form or JSON body, whether a body parser has read it already or nobody has. None
 * where the host has read it and found nothing. The rest of a body that is too big, or that does not
 * come in time, is left unread.
 *
 * @throws for what cannot be read.
 */
export async function bodyFields(req: BodyRequest): Promise<Iterable<[string, unknown]>> {
  const parsed = req.body;
  if (isParsed(parsed) && !isLeft(parsed, req)) {
    return Object.entries(parsed);
  }
  const text =
    typeof parsed === 'string' || Buffer.isBuffer(parsed) ? String(parsed) : await readBody(req);
  if (/^\s*\{/.test(text)) return Object.entries(JSON.parse(text) as object);
  return new URLSearchParams(text);
}

function isParsed(body: unknown): body is object {
  return typeof body === 'object' && body !== null && !Buffer.isBuffer(body);
}

/** Under Express 4, a parser leaves `{}` for a body that is not of its type, and the body unread. */
function isLeft(parsed: object, req: BodyRequest): boolean {
  return Object.keys(parsed).length === 0 && req.readableDidRead === false;
}

async function readBody(req: BodyRequest): Promise<string> {
  const parts = req[Symbol.asyncIterator]?.();
  if (!parts) return '';
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const refuse = () => reject(new Error(`A body must come within ${PATIENCE / 1000} seconds.`));
    timer = setTimeout(refuse, PATIENCE).unref();
  });
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    // Not `for await`: to leave that destroys the connection, before anything has been answered.
    for (;;) {
      const { done, value } = await Promise.race([parts.next(), late]);
      if (done) return Buffer.concat(chunks).toString('utf8');
      const chunk = value as Buffer;
      length += chunk.length;
      if (length > LIMIT) throw new RangeError(`A body may have ${LIMIT} bytes at most.`);
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(timer);
  }
}
