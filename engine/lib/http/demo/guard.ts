import type { FastifyReply, FastifyRequest } from 'fastify';

/** Names under which a browser on this machine may know the engine. */
const NAMES = ['localhost', '127.0.0.1', '[::1]'];
/** Set by proxies, and so signs that the request comes from elsewhere after all. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/**
 * Whoever reaches the virtual device may answer for every user who has one: so only browsers on this
 * machine reach it. Returns why this one does not, or `undefined`.
 */
export function notLocal(
  request: FastifyRequest,
  loopbackPort: number | undefined,
): string | undefined {
  if (loopbackPort === undefined) {
    return 'The virtual device is served only while the engine is bound to loopback (host 127.0.0.1).';
  }
  // A name that an attacker's DNS points to this machine shows in the Host header.
  const host = request.headers.host ?? '';
  // Browsers leave the port out where it is the one of the scheme.
  const usual = request.protocol === 'https' ? 443 : 80;
  const named = loopbackPort === usual && !/:\d+$/.test(host) ? `${host}:${usual}` : host;
  if (!NAMES.some((name) => named === `${name}:${loopbackPort}`)) {
    return `The virtual device is served as localhost:${loopbackPort} only, not under another name.`;
  }
  // No browser speaks HTTP/1.0, while nginx does, which by default shows no other sign of itself.
  const old = request.raw.httpVersion !== '1.1';
  if (old || FORWARDED.some((header) => request.headers[header] !== undefined)) {
    return 'The virtual device is not served through a proxy.';
  }
  return undefined;
}

/**
 * Whether the request was sent by the page itself. Other sites can send requests to this machine, but
 * can neither set these headers nor leave them out.
 */
export function fromThePage(request: FastifyRequest): boolean {
  const { origin, host, 'sec-fetch-site': site } = request.headers;
  if (site !== undefined && site !== 'same-origin') return false;
  if (origin !== undefined) return origin === `${request.protocol}://${host}`;
  return site === 'same-origin' || request.method === 'GET';
}

export function refuse(reply: FastifyReply, why: string): FastifyReply {
  return reply.code(403).type('text/plain; charset=utf-8').send(`${why}\n`);
}
