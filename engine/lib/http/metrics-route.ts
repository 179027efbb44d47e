import type { FastifyInstance } from 'fastify';
import type { Services } from '../domain/services.js';

/** Figures for Prometheus. They hold no user names and no secrets. */
export async function metricsRoute(app: FastifyInstance, { metrics }: Services): Promise<void> {
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  );
}
