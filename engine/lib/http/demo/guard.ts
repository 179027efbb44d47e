import type { FastifyReply, FastifyRequest } from 'fastify';

/** Host names under which browsers on this machine reach the engine. */
const NAMES = ['localhost', '127.0.0.1', '[::1]'];
/** Headers that proxies set: the request comes from another machine. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/**
 * The virtual device can answer for every user who has one, so only browsers on this machine may reach
 * it. Returns why a request is refused, or `undefined`.
 */
export function refuseRemote(
  request: FastifyRequest,
  loopbackPort: number | undefined,
  enabled: boolean,
): string | undefined {
  // A forwarder on this machine leaves no trace in a request, so that the checks below are not enough.
  if (!enabled) {
    return 'The virtual devices of this engine are off. Pair a phone, or set virtualDevices (--virtual-devices).';
  }
  if (loopbackPort === undefined) {
    return 'The virtual device is served only by an engine that listens on a loopback address (127.0.0.1).';
  }
  // An attacker's DNS name that points to this machine appears in the Host header.
  const host = request.headers.host ?? '';
  // Browsers omit the default port of the scheme.
  const defaultPort = request.protocol === 'https' ? 443 : 80;
  const named =
    loopbackPort === defaultPort && !/:\d+$/.test(host) ? `${host}:${defaultPort}` : host;
  if (!NAMES.some((name) => named === `${name}:${loopbackPort}`)) {
    return `The virtual device is served only as localhost:${loopbackPort}. Open the page under this name.`;
  }
  // nginx uses HTTP/1.0 by default and sets none of the headers. No browser uses HTTP/1.0.
  const old = request.raw.httpVersion !== '1.1';
  if (old || FORWARDED.some((header) => request.headers[header] !== undefined)) {
    return 'The virtual device is not served through a proxy.';
  }
  return undefined;
}

/**
 * Whether the page itself sent the request. Other sites can send requests to this machine, but they can
 * neither set nor remove these headers.
 */
export function isFromThePage(request: FastifyRequest): boolean {
  const { origin, host, 'sec-fetch-site': site } = request.headers;
  if (site !== undefined && site !== 'same-origin') return false;
  if (origin !== undefined) return origin === `${request.protocol}://${host}`;
  return site === 'same-origin' || request.method === 'GET';
}

export function sendForbidden(reply: FastifyReply, why: string): FastifyReply {
  return reply.code(403).type('text/plain; charset=utf-8').send(`${why}\n`);
}
