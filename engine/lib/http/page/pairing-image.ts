import type { FastifyInstance } from 'fastify';
import type { Services } from '../../domain/services.js';
import { qrPng, qrSvg } from '../../util/qr-code.js';

/** The QR images whose addresses go with pairing codes; gone when the code is. */
export async function pairingImage(app: FastifyInstance, services: Services): Promise<void> {
  app.get<{ Params: { file: string } }>('/pairing/:file', async (request, reply) => {
    const [, image, type] = /^([A-Za-z0-9]{32})\.(png|svg)$/.exec(request.params.file) ?? [];
    const content = image && (await services.pairings.imageContent(image));
    if (!content) return reply.code(404).type('text/plain').send('There is no such image.\n');
    // It shows a secret: no cache on the way may keep it.
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
    if (type === 'svg') return reply.type('image/svg+xml').send(qrSvg(content));
    return reply.type('image/png').send(qrPng(content));
  });
}
