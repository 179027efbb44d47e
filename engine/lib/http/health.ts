import type { FastifyInstance } from 'fastify';
import type { Services } from '../domain/services.js';

/** What the people who run the engine look at. Neither tells anything about users. */
export async function operations(app: FastifyInstance, services: Services): Promise<void> {
  app.get('/healthz', { exposeHeadRoute: true }, async (_request, reply) =>
    reply.type('text/plain').send('ok\n'),
  );
  app.get('/readyz', { exposeHeadRoute: true }, async (_request, reply) => {
    const text = reply.type('text/plain');
    try {
      await services.repository.check();
    } catch (error) {
      services.logger.error({ err: error }, 'the data cannot be read');
      return text.code(503).send('the data cannot be read\n');
    }
    return text.send('ok\n');
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(services.metrics.contentType).send(await services.metrics.text()),
  );
}
