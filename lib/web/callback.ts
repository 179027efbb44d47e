import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EventParameters } from '../client/events.js';
import type { EventResult } from '../login/events.js';
import { type BodyRequest, readBodyFields } from './body.js';
import { type PageReply, send } from './reply.js';

/** The members of a request that are read of an event. */
interface EventRequest extends BodyRequest {
  method?: string | undefined;
  url?: string | undefined;
  originalUrl?: string | undefined;
  /** Of requests of Node.js: whether the whole body has arrived. */
  complete?: boolean | undefined;
}

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
    eventReply(handleEvent, req).then((reply) => send(res, reply));
  };
}

/** Handles the event of a request, and returns the response. Never rejects. */
export async function eventReply(
  handleEvent: (params: EventParameters) => Promise<EventResult>,
  req: EventRequest,
): Promise<PageReply> {
  const params = await readParameters(req).catch(() => undefined);
  // The rest of a body that is too large or too slow is not awaited.
  if (!params) return statusReply(400, params === undefined && req.complete === false);
  return statusReply((await handleEvent(params)).status);
}

/** All refusals have one short body, which tells a stranger nothing. */
function statusReply(status: number, close = false): PageReply {
  return {
    status,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'no-store',
      ...(close && { connection: 'close' }),
      ...(status === 503 && { 'retry-after': '1' }),
    },
    body: status === 200 ? 'ok\n' : 'not accepted\n',
  };
}

/**
 * Reads the parameters of the query and the body. Resolves to `null` if they contradict each other.
 */
async function readParameters(req: EventRequest): Promise<EventParameters | null> {
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
