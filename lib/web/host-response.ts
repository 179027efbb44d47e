import type { ServerResponse } from 'node:http';

/** The members of a response of Node.js that are used here. */
export type NodeResponse = Pick<ServerResponse, 'headersSent'> &
  Partial<
    Pick<ServerResponse, 'getHeader' | 'setHeader' | 'writeHead' | 'once' | 'removeListener'>
  >;

/** The places where hosts keep their response, all of which may be missing. */
interface HostRequest {
  /** Koa's context, to which koa-passport's imitation of a request refers. */
  ctx?: { res?: unknown };
  /** Express. */
  res?: unknown;
  /** Fastify's request of Node.js. */
  raw?: HostRequest;
  /** HTTP/2. Its stream says whether headers were sent, as a response does. */
  stream?: unknown;
  socket?: { _httpMessage?: unknown } | null;
}

/**
 * Returns the response to a host's request, or `undefined` if the host gives no access to it.
 *
 * Connect and Fastify do not refer to the response by the request. Node.js keeps the current
 * response of a connection at its socket, which has been so in all versions.
 */
export function responseOf(req: object): NodeResponse | undefined {
  const { ctx, res, raw = req as HostRequest } = req as HostRequest;
  const current = raw.socket?._httpMessage as { req?: unknown } | null | undefined;
  const own = current?.req === raw ? current : undefined;
  return [ctx?.res, res, own, raw.stream].find(isResponse);
}

/** Whether the response to a host's request has begun. `false` if that cannot be seen. */
export function isAnswered(req: object): boolean {
  return responseOf(req)?.headersSent === true;
}

function isResponse(value: unknown): value is NodeResponse {
  return typeof (value as NodeResponse | null | undefined)?.headersSent === 'boolean';
}
