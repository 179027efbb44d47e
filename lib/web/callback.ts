import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EventParameters } from '../client/events.js';
import type { EventResult } from '../login/events.js';
import { bodyFields } from './body.js';

/** Middleware as {@link LaunchKeyStrategy.callback} makes it. */
export type CallbackHandler = (
  req: IncomingMessage & { body?: unknown; originalUrl?: string },
  res: ServerResponse,
  next?: (err?: any) => void,
) => void;

/** See {@link LaunchKeyStrategy.callback}. */
export function callbackHandler(
  handleEvent: (params: EventParameters) => Promise<EventResult>,
): CallbackHandler {
  return (req, res) => {
    eventParameters(req).then(
      async (params) => answer(res, params ? (await handleEvent(params)).status : 400),
      // What is left of a body that is too big or too slow is not waited for.
      () => answer(res, 400, !req.complete),
    );
  };
}

/** The same short body for every refusal: a stranger learns nothing from it. */
function answer(res: ServerResponse, status: number, close = false): void {
  // A time-out in front of this handler may have answered already.
  if (res.headersSent || res.destroyed) return;
  const body = status === 200 ? 'ok\n' : 'not accepted\n';
  res.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(close && { connection: 'close' }),
    ...(status === 503 && { 'retry-after': '1' }),
  });
  res.end(body);
}

/**
 * The parameters of the query and the body together, or `null` where they contradict each other
 * or cannot be read.
 */
async function eventParameters(
  req: IncomingMessage & { body?: unknown; originalUrl?: string },
): Promise<EventParameters | null> {
  const { searchParams } = new URL(req.originalUrl ?? req.url ?? '/', 'http://callback.invalid');
  const params: Record<string, string> = {};
  const sources: Iterable<[string, unknown]>[] = [searchParams];
  if (req.method === 'POST') sources.push(await bodyFields(req));
  for (const source of sources) {
    for (const [name, value] of source) {
      if (typeof value !== 'string') return null;
      if (Object.hasOwn(params, name) && params[name] !== value) return null;
      params[name] = value;
    }
  }
  return params;
}
