import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EventParameters } from '../client/events.js';
import type { EventResult } from '../login/events.js';
import { readBodyFields } from './body.js';

/** Middleware that {@link LaunchKeyStrategy.callback} returns. */
export type CallbackHandler = (
  req: IncomingMessage & { body?: unknown; originalUrl?: string },
  res: ServerResponse,
  next?: (err?: any) => void,
) => void;

/** Makes the endpoint for server-side events; see {@link LaunchKeyStrategy.callback}. */
export function callbackHandler(
  handleEvent: (params: EventParameters) => Promise<EventResult>,
): CallbackHandler {
  return (req, res) => {
    readParameters(req).then(
      async (params) => respond(res, params ? (await handleEvent(params)).status : 400),
      // The rest of a body that is too large or too slow is not awaited.
      () => respond(res, 400, !req.complete),
    );
  };
}

/** Responds to all refusals with one short body, which tells a stranger nothing. */
function respond(res: ServerResponse, status: number, close = false): void {
  // Middleware with a timeout may have responded already.
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
 * Reads the parameters of the query and the body. Resolves to `null` if they contradict each other.
 */
async function readParameters(
  req: Parameters<CallbackHandler>[0],
): Promise<EventParameters | null> {
  const { searchParams } = new URL(req.originalUrl ?? req.url ?? '/', 'http://callback.invalid');
  const params: Record<string, string> = {};
  const sources: Iterable<[string, unknown]>[] = [searchParams];
  if (req.method === 'POST') sources.push(await readBodyFields(req));
  for (const source of sources) {
    for (const [name, value] of source) {
      if (typeof value !== 'string') return null;
      if (Object.hasOwn(params, name) && params[name] !== value) return null;
      params[name] = value;
    }
  }
  return params;
}
