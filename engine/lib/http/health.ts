import type { FastifyInstance } from 'fastify';
import type { Services } from '../domain/services.js';

/**
 * `/healthz` says that the process runs, `/readyz` that it can read and write its data and learns of
 * changes by other engines. It fails while the engine stops.
 */
export async function health(app: FastifyInstance, services: Services): Promise<void> {
  app.get('/healthz', { exposeHeadRoute: true }, async (_request, reply) =>
    reply.type('text/plain').send('ok\n'),
  );
  app.get('/readyz', { exposeHeadRoute: true }, async (_request, reply) => {
    const text = reply.type('text/plain');
    const state = await services.health.probe();
    return state.ready ? text.send('ok\n') : text.code(503).send(`${state.reason}\n`);
  });
}
