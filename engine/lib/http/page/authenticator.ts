import { existsSync } from 'node:fs';
import type { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Address } from '../../domain/address.js';
import type { Services } from '../../domain/services.js';
import { isLoopback } from '../../util/networks.js';
import { virtualDevice } from '../demo/virtual.js';
import { deviceApi } from '../device/device-api.js';
import { setPageHeaders } from './headers.js';

/** The built page. `dist` is beside `lib`, so the path is the same from both. */
const PAGE = fileURLToPath(new URL('../../../dist/authenticator/', import.meta.url));

/** One year, in seconds. */
const STRICT_TRANSPORT = 'max-age=31536000';

/** Relative to the worker's URL. */
const WORKER_SCOPE = '../authenticator';

/**
 * Whether browsers may be told to use https only. Never for TLS on loopback: browsers would refuse http
 * for every other service on localhost. Behind a proxy that ends TLS, the public URL says that it does;
 * browsers ignore the header where they came by http.
 */
function isHttpsOnly(request: FastifyRequest, { publicUrl, loopbackPort }: Address): boolean {
  const { encrypted } = request.raw.socket as TLSSocket;
  if (encrypted && loopbackPort !== undefined) return false;
  if (publicUrl !== undefined && URL.canParse(publicUrl)) {
    const { protocol, hostname } = new URL(publicUrl);
    if (protocol === 'https:') return hostname !== 'localhost' && !isLoopback(hostname);
  }
  return request.protocol === 'https' && loopbackPort === undefined;
}

/** The page on which users pair, answer and end sessions, and its APIs. */
export async function authenticator(app: FastifyInstance, services: Services): Promise<void> {
  app.addHook('onRequest', async (request, reply) => {
    setPageHeaders(reply);
    if (!isHttpsOnly(request, services.address)) return;
    reply.header('strict-transport-security', STRICT_TRANSPORT);
  });
  await app.register((scope) => deviceApi(scope, services), { prefix: '/api' });
  await app.register((scope) => virtualDevice(scope, services), { prefix: '/virtual' });
  if (existsSync(`${PAGE}/index.html`)) {
    await app.register(fastifyStatic, {
      root: PAGE,
      prefix: '/',
      index: false,
      cacheControl: false,
      setHeaders: (reply, path) => {
        // Browsers check each time whether the file has changed, so an upgraded engine is noticed.
        reply.setHeader('cache-control', 'no-cache');
        // The worker also serves the page, whose URL is the worker's folder without its slash.
        if (path.endsWith('worker.js')) reply.setHeader('service-worker-allowed', WORKER_SCOPE);
      },
    });
    app.get('/', async (request, reply) => {
      // The page refers to its files by relative URLs, so that a proxy can add a path in front.
      const [path, query] = request.raw.url?.split('?') ?? [];
      if (path?.endsWith('/')) {
        return reply.redirect(`../authenticator${query === undefined ? '' : `?${query}`}`, 308);
      }
      return reply.sendFile('index.html');
    });
  } else {
    app.get('/', async (_request, reply) =>
      reply
        .code(503)
        .type('text/plain')
        .send('The authenticator is not built. Run "npm run build".\n'),
    );
  }
}
