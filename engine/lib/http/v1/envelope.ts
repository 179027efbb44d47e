import type { FastifyRequest } from 'fastify';
import type { AppRecord } from '../../data/ports/apps.js';
import type { Envelope } from '../../domain/envelopes.js';
import { Reason, Refusal } from '../../domain/refusal.js';
import type { Services } from '../../domain/services.js';
import { type Parameters, readParameters, text } from './parameters.js';

/** Room for keys of 8192 bits, broken into lines. */
const LONGEST = 1500;

/** The parameters of a call and the application that made it; nothing else is looked at before. */
export async function admit(
  services: Services,
  request: FastifyRequest,
): Promise<{ app: AppRecord; parameters: Parameters }> {
  const parameters = readParameters(request);
  const envelope = readEnvelope(parameters);
  const app = await identify(services, request, () => services.envelopes.check(envelope));
  return { app, parameters };
}

/** The application that `check` finds, unless too many checks have failed for this address. */
export async function identify(
  services: Services,
  request: FastifyRequest,
  check: () => Promise<AppRecord>,
): Promise<AppRecord> {
  return await services.failedCalls.watch(
    request.ip,
    check,
    (wait) => new Refusal(Reason.tooMany, 'Too many calls from this address were refused.', wait),
  );
}

/** The three parameters that every call but ping carries. */
export function readEnvelope(parameters: Parameters): Envelope {
  return {
    appKey: text(parameters, 'app_key', 20),
    secretKey: text(parameters, 'secret_key', LONGEST),
    signature: text(parameters, 'signature', LONGEST),
  };
}
