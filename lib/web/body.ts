import { startTimer } from '../util/timers.js';

/** A larger body is not read. Forms and events need far less. */
const MAX_BODY_BYTES = 64 * 1024;

/** A body must arrive within this time. */
const BODY_TIMEOUT_MS = 10_000;

/** A request whose body was parsed before, or is a stream of Node.js. */
export interface BodyRequest extends Partial<AsyncIterable<unknown>> {
  body?: unknown;
  /** Of streams of Node.js: whether anything was read from it. */
  readableDidRead?: boolean;
}

/**
 * Reads the fields of a form or JSON body, whether a body parser has read it or not. Returns none
 * if the host has read the body and found none. The rest of a body that is too large or too slow
 * stays unread.
 *
 * @throws for a body that cannot be read.
 */
export async function readBodyFields(req: BodyRequest): Promise<Iterable<[string, unknown]>> {
  const { body } = req;
  if (isParsed(body) && !isPlaceholder(body, req)) return Object.entries(body);
  const text =
    typeof body === 'string' || Buffer.isBuffer(body) ? String(body) : await readText(req);
  if (/^\s*\{/.test(text)) return Object.entries(JSON.parse(text) as object);
  return new URLSearchParams(text);
}

function isParsed(body: unknown): body is object {
  return typeof body === 'object' && body !== null && !Buffer.isBuffer(body);
}

/** With Express 4, a parser sets `{}` for a body of another type, and leaves that body unread. */
function isPlaceholder(parsed: object, req: BodyRequest): boolean {
  return Object.keys(parsed).length === 0 && req.readableDidRead === false;
}

async function readText(req: BodyRequest): Promise<string> {
  const parts = req[Symbol.asyncIterator]?.();
  if (!parts) return '';
  let stopTimer = () => {};
  const timeout = new Promise<never>((_resolve, reject) => {
    const fail = () =>
      reject(new Error(`The body did not arrive within ${BODY_TIMEOUT_MS / 1000} seconds.`));
    stopTimer = startTimer(fail, BODY_TIMEOUT_MS);
  });
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    // Leaving a `for await` loop would destroy the connection before the response.
    for (;;) {
      const { done, value } = await Promise.race([parts.next(), timeout]);
      if (done) return Buffer.concat(chunks).toString('utf8');
      const chunk = value as Buffer;
      length += chunk.length;
      if (length > MAX_BODY_BYTES) {
        throw new RangeError(`The body is larger than ${MAX_BODY_BYTES} bytes.`);
      }
      chunks.push(chunk);
    }
  } finally {
    stopTimer();
  }
}
