import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Services } from '../../domain/services.js';
import { incorrectData } from './call-refusal.js';
import { identify, readEnvelope } from './envelope.js';
import { decodeText } from './form.js';
import { type Parameters, text } from './parameters.js';
import { sendJson } from './respond.js';
import { orRefuse } from './words.js';

/** Creates a white label user of the application, and a code that pairs a device with the user. */
export async function users(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { body } = request;
  if (!Buffer.isBuffer(body)) throw incorrectData('A JSON body is missing.');
  const parameters = { ...readObject(body), signature: (request.query as Parameters).signature };
  const envelope = readEnvelope(parameters);
  const check = () => services.envelopes.checkBody(envelope, body);
  const app = await identify(services, 'users', request, check);
  const identifier = text(parameters, 'identifier', 1000);
  const created = await services.whiteLabel.create(app, identifier);
  return sendJson(reply, {
    successful: true,
    status_code: 201,
    message: '',
    message_code: 10220,
    response: orRefuse('users', created),
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
  throw incorrectData('The body is not a JSON object.');
}
