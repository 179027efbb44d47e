import type { FastifyReply, FastifyRequest } from 'fastify';
import { Reason, Refusal } from '../../domain/refusal.js';
import type { Services } from '../../domain/services.js';
import { identify, readEnvelope } from './envelope.js';
import { decodeText } from './form.js';
import { type Parameters, text } from './parameters.js';
import { sendJson } from './respond.js';

/** The application brings a user of its own and gets what pairs a device with that user. */
export async function users(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { body } = request;
  if (!Buffer.isBuffer(body)) {
    throw new Refusal(Reason.incorrectData, 'A JSON body is needed.');
  }
  const parameters = { ...readObject(body), signature: (request.query as Parameters).signature };
  const envelope = readEnvelope(parameters);
  const check = () => services.envelopes.checkBody(envelope, body);
  const app = await identify(services, request, check);
  const identifier = text(parameters, 'identifier', 1000);
  return sendJson(reply, {
    successful: true,
    status_code: 201,
    message: '',
    message_code: 10220,
    response: await services.whiteLabel.create(app, identifier),
  });
}

function readObject(body: Buffer): object {
  let value: unknown;
  try {
    value = JSON.parse(decodeText(body));
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new Refusal(Reason.incorrectData, 'The body is not a JSON object.');
}
