import type { FastifyInstance } from 'fastify';
import type { Services } from '../../domain/services.js';
import { qrPng, qrSvg } from '../../util/qr-code.js';

/** Serves the QR code of a pairing link, until its code is used or expires. */
export async function pairingImage(app: FastifyInstance, services: Services): Promise<void> {
  app.get<{ Params: { file: string } }>('/pairing/:file', async (request, reply) => {
    const [, image, type] = /^([A-Za-z0-9]{32})\.(png|svg)$/.exec(request.params.file) ?? [];
    const content = image && (await services.pairings.imageContent(image));
    if (!content)
      return reply
        .code(404)
        .type('text/plain')
        .send('Not found. The pairing code may be used or expired.\n');
    // The image holds a secret, so no cache may store it.
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff');
    if (type === 'svg') return reply.type('image/svg+xml').send(qrSvg(content));
    return reply.type('image/png').send(qrPng(content));
  });
}
