import type { FastifyRequest } from 'fastify';
import type { AppRecord } from '../../data/ports/apps.js';
import type { Envelope, EnvelopeRefusal } from '../../domain/envelopes.js';
import type { Services } from '../../domain/services.js';
import type { Call } from './call-refusal.js';
import { type Parameters, readParameters, text } from './parameters.js';
import { orRefuse } from './words.js';

/** Longest `secret_key` and `signature`: base64 of 8192 bits, broken into lines. */
const MAX_LENGTH = 1500;

/** Identifies the application of a call, before anything else is read, and returns its parameters. */
export async function admit(
  services: Services,
  call: Call,
  request: FastifyRequest,
): Promise<{ app: AppRecord; parameters: Parameters }> {
  const parameters = readParameters(request);
  const envelope = readEnvelope(parameters);
  const app = await identify(services, call, request, () => services.envelopes.check(envelope));
  return { app, parameters };
}

/** Returns the application that `check` finds, unless too many checks failed for this address. */
export async function identify(
  { failedCalls }: Services,
  call: Call,
  request: FastifyRequest,
  check: () => Promise<AppRecord | EnvelopeRefusal>,
): Promise<AppRecord> {
  return orRefuse(call, await failedCalls.watch(request, check));
}

/** Reads the parameters that identify the application. */
export function readEnvelope(parameters: Parameters): Envelope {
  return {
    appKey: text(parameters, 'app_key', 20),
    secretKey: text(parameters, 'secret_key', MAX_LENGTH),
    signature: text(parameters, 'signature', MAX_LENGTH),
  };
}
