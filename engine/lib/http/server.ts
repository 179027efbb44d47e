import { randomUUID } from 'node:crypto';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Services } from '../domain/services.js';
import { Networks } from '../util/networks.js';
import { health } from './health.js';
import { metricsRoute } from './metrics-route.js';
import { authenticator } from './page/authenticator.js';
import { pairingImage } from './page/pairing-image.js';
import { limitRequests } from './request-limits.js';
import type { Tls } from './tls.js';
import { parseForm } from './v1/form.js';
import { errorBody, sendError, UNREADABLE } from './v1/respond.js';
import { MAX_BODY_BYTES, v1 } from './v1/routes.js';

/** Longer than the idle timeout of proxies, so that the proxy closes an idle connection first. */
const KEEP_ALIVE_MS = 620_000;
/** Longest silence on a connection. A held poll is silent for at most 60 s. */
const SILENCE_TIMEOUT_MS = 90_000;
/** How long a client may take to send a request. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Interval at which connections are compared with that time. */
const TIMEOUT_CHECK_MS = 1000;
const REQUEST_ID = 'x-request-id';

/** Replaces Fastify's schema compilers, which it would load although no route has a schema. */
const NO_SCHEMAS = () => {
  throw new Error('The routes of the engine have no schemas.');
};

/** How a server serves. */
export interface ServerOptions {
  tls?: Tls | undefined;
  /** Whether it serves `/metrics`. */
  metrics?: boolean;
  /** How long a client may take to send a request, in ms. Default: 30,000. */
  requestTimeoutMs?: number;
}

export async function createServer(
  services: Services,
  trustedProxies: readonly string[],
  { tls, metrics = true, requestTimeoutMs = REQUEST_TIMEOUT_MS }: ServerOptions = {},
): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    // http and https have the same routes, so the type of http is used for both.
    serverFactory: (handle: RequestListener) => listener(handle, tls, requestTimeoutMs) as Server,
    // No request is logged: the URLs of old SDKs carry envelopes.
    logger: false,
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    genReqId: requestIds(new Networks(trustedProxies)),
    bodyLimit: MAX_BODY_BYTES,
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
  app.addHook('onRequest', (request, reply, done) => {
    reply.header(REQUEST_ID, request.id);
    if (services.health.isStopping) reply.header('connection', 'close');
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const held = reply.getHeader('preference-applied') !== undefined;
    if (!held) services.metrics.request(route, reply.statusCode, reply.elapsedTime);
    done();
  });
  await app.register((scope) => v1(scope, services), { prefix: '/v1' });
  await app.register((scope) => authenticator(scope, services), { prefix: '/authenticator' });
  await app.register((scope) => health(scope, services));
  if (metrics) await app.register((scope) => metricsRoute(scope, services));
  await app.register((scope) => pairingImage(scope, services));
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).type('text/plain').send('Not found. The API is at /v1.\n'),
  );
  return app;
}

/** The server for monitoring alone. It ends its connections when it closes. */
export async function createMetricsServer(services: Services): Promise<FastifyInstance> {
  const app: FastifyInstance = Fastify({
    serverFactory: (handle: RequestListener) =>
      listener(handle, undefined, REQUEST_TIMEOUT_MS) as Server,
    logger: false,
    forceCloseConnections: true,
    return503OnClosing: false,
    clientErrorHandler: refuseUnparsed,
  });
  await app.register((scope) => health(scope, services));
  await app.register((scope) => metricsRoute(scope, services));
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).type('text/plain').send('Not found. The metrics are at /metrics.\n'),
  );
  return app;
}

/** The server of http or https, with the limits of its connections. */
function listener(
  handle: RequestListener,
  tls: Tls | undefined,
  requestTimeoutMs: number,
): Server | HttpsServer {
  const options = {
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: requestTimeoutMs,
    headersTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.min(TIMEOUT_CHECK_MS, requestTimeoutMs),
  };
  const server = tls
    ? createHttpsServer({ ...tls.serverOptions, ...options }, limitRequests(handle))
    : createHttpServer(options, limitRequests(handle));
  // Closes connections whose clients do not read the response.
  server.setTimeout(SILENCE_TIMEOUT_MS);
  tls?.serve(server as HttpsServer);
  return server;
}

/** Makes a request id, or takes the id that a trusted proxy has set. */
function requestIds(trusted: Networks): (request: IncomingMessage) => string {
  return ({ headers, socket }) => {
    const given = headers[REQUEST_ID];
    const wellFormed = typeof given === 'string' && /^[\w.:/+=-]{1,128}$/.test(given);
    return wellFormed && trusted.has(socket.remoteAddress ?? '') ? given : randomUUID();
  };
}

/**
 * Answers a request that is not valid HTTP, or whose URL is too long, with the status that all clients
 * read. After other errors the client cannot read a response, so the connection is closed.
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
