import type { FastifyInstance } from 'fastify';
import type { Services } from '../domain/services.js';

/** Figures for Prometheus. They hold no user names and no secrets. */
export async function metricsRoute(app: FastifyInstance, { metrics }: Services): Promise<void> {
  let reading: Promise<string> | undefined;
  app.get('/metrics', async (_request, reply) => {
    // Requests that come meanwhile share the figures, which take time to read and to word.
    reading ??= metrics.text().finally(() => {
      reading = undefined;
    });
    return reply.type(metrics.contentType).send(await reading);
  });
}
