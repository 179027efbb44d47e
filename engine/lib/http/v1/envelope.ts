import type { FastifyRequest } from 'fastify';
import type { AppRecord } from '../../data/records.js';
import type { Envelope } from '../../domain/envelopes.js';
import type { Services } from '../../services.js';
import { type Parameters, readParameters, text } from './parameters.js';

/** Room for keys of 8192 bits, broken into lines. */
const LONGEST = 1500;

/** The parameters of a call and the application that made it; nothing else is looked at before. */
export async function admit(
  services: Services,
  request: FastifyRequest,
): Promise<{ app: AppRecord; parameters: Parameters }> {
  const parameters = readParameters(request);
  const app = await services.envelopes.check(readEnvelope(parameters));
  return { app, parameters };
}

/** The three parameters that every call but ping carries. */
export function readEnvelope(parameters: Parameters): Envelope {
  return {
    appKey: text(parameters, 'app_key', 20),
    secretKey: text(parameters, 'secret_key', LONGEST),
    signature: text(parameters, 'signature', LONGEST),
  };
}
