import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Server as TlsServer } from 'node:tls';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Services } from '../domain/services.js';
import { inRequest } from '../observability/request-context.js';
import { Networks } from '../util/networks.js';
import { health } from './health.js';
import { metricsRoute } from './metrics-route.js';
import { authenticator } from './page/authenticator.js';
import { pairingImage } from './page/pairing-image.js';
import type { Tls } from './tls.js';
import { parseForm } from './v1/form.js';
import { errorBody, sendError, UNREADABLE } from './v1/respond.js';
import { MAX_BODY_BYTES, v1 } from './v1/routes.js';

/** Longer than the idle time of any proxy: the side that closes first must never be this one. */
const KEEP_ALIVE = 620_000;
/** In milliseconds, without a byte either way: longer than a poll is held, which is the longest silence. */
const SILENCE = 90_000;
const REQUEST_ID = 'x-request-id';

/** In the place of Fastify's compilers of schemas, which it would load although no route has one. */
const NO_SCHEMAS = () => {
  throw new Error('Routes have no schemas here.');
};

export async function createServer(
  services: Services,
  trustedProxies: readonly string[],
  tls?: Tls,
): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    // The routes are the same over both: the type is that of http.
    https: (tls?.serverOptions ?? null) as null,
    // URLs of old SDKs carry envelopes: no request is logged.
    logger: false,
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    genReqId: requestIds(new Networks(trustedProxies)),
    bodyLimit: MAX_BODY_BYTES,
    keepAliveTimeout: KEEP_ALIVE,
    requestTimeout: 30_000,
    // Who never reads what was asked for would keep a connection for good.
    connectionTimeout: SILENCE,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: {
      ignoreTrailingSlash: true,
      maxParamLength: 200,
      querystringParser: parseForm,
    },
    exposeHeadRoutes: false,
    schemaController: {
      compilersFactory: { buildValidator: NO_SCHEMAS, buildSerializer: NO_SCHEMAS },
    },
    clientErrorHandler: refuseUnparsed,
    frameworkErrors: (_error, request, reply) =>
      void sendError(reply.header(REQUEST_ID, request.id), 400, UNREADABLE),
  });
  tls?.serve(app.server as Server & TlsServer);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header(REQUEST_ID, request.id);
    inRequest(request.id, done);
  });
  await app.register((scope) => v1(scope, services), { prefix: '/v1' });
  await app.register((scope) => authenticator(scope, services), { prefix: '/authenticator' });
  await app.register((scope) => health(scope, services));
  await app.register((scope) => metricsRoute(scope, services));
  await app.register((scope) => pairingImage(scope, services));
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).type('text/plain').send('There is nothing here. The API is at /v1.\n'),
  );
  return app;
}

/** A new one for each request, unless a proxy that is trusted has named it already. */
function requestIds(trusted: Networks): (request: IncomingMessage) => string {
  return ({ headers, socket }) => {
    const given = headers[REQUEST_ID];
    const wellFormed = typeof given === 'string' && /^[\w.:/+=-]{1,128}$/.test(given);
    return wellFormed && trusted.has(socket.remoteAddress ?? '') ? given : randomUUID();
  };
}

/**
 * What is not even HTTP, or has too long a URL, gets the status that all clients read. Whatever else
 * went wrong leaves nobody to read it, and waiting for that would keep the connection for good.
 */
function refuseUnparsed(error: NodeJS.ErrnoException, socket: Socket): void {
  const unparsed = /^(HPE_|ERR_HTTP_)/.test(error.code ?? '');
  if (!unparsed || !socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(errorBody(400, UNREADABLE));
  socket.write(
    [
      'HTTP/1.1 400 Bad Request',
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  socket.destroySoon();
}
