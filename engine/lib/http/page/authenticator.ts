import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import type { Services } from '../../domain/services.js';
import { virtualDevice } from '../demo/virtual.js';
import { deviceApi } from '../device/device-api.js';
import { setPageHeaders } from './headers.js';

/** The built page: `dist` stands beside `lib`, so that the path is the same from both. */
const PAGE = fileURLToPath(new URL('../../../dist/authenticator/', import.meta.url));

/** A year, in seconds. */
const STRICT_TRANSPORT = 'max-age=31536000';

/** Relative to the worker's own address. */
const WORKER_SCOPE = '../authenticator';

/** The page on which users answer, end sessions and pair, and what it calls. */
export async function authenticator(app: FastifyInstance, services: Services): Promise<void> {
  app.addHook('onRequest', async (request, reply) => {
    setPageHeaders(reply);
    // To browsers `localhost` is one host, whatever else somebody runs on the same machine.
    if (request.protocol !== 'https' || services.address.loopbackPort !== undefined) return;
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
        // Kept, but asked for each time: a browser that guesses would go on with the page of an engine
        // that was upgraded since.
        reply.setHeader('cache-control', 'no-cache');
        // It serves the page, too, which is not below the worker's folder but the folder itself.
        if (path.endsWith('worker.js')) reply.setHeader('service-worker-allowed', WORKER_SCOPE);
      },
    });
    app.get('/', async (request, reply) => {
      // The page names its files relative to itself, so that a proxy can put a path before it.
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
        .send('The authenticator page is not built: run "npm run build" first.\n'),
    );
  }
}
