import type { FastifyInstance } from 'fastify';
import type { Services } from '../domain/services.js';

/** `/healthz` says that the process runs, `/readyz` that it can also read its data. */
export async function health(app: FastifyInstance, services: Services): Promise<void> {
  app.get('/healthz', { exposeHeadRoute: true }, async (_request, reply) =>
    reply.type('text/plain').send('ok\n'),
  );
  app.get('/readyz', { exposeHeadRoute: true }, async (request, reply) => {
    const text = reply.type('text/plain');
    try {
      await services.data.check();
    } catch (error) {
      services.logger.error({ requestId: request.id, err: error }, 'data cannot be read');
      return text.code(503).send('the data cannot be read\n');
    }
    return text.send('ok\n');
  });
}
