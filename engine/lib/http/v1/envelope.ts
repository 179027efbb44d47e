import type { FastifyRequest } from 'fastify';
import type { AppRecord } from '../../data/ports/apps.js';
import type { Found } from '../../data/ports/calls.js';
import type { Envelope, EnvelopeRefusal } from '../../domain/envelopes.js';
import type { Services } from '../../domain/services.js';
import type { Call } from './call-refusal.js';
import { type Parameters, readParameters, text } from './parameters.js';
import { orRefuse } from './words.js';

/** Longest `secret_key` and `signature`: base64 of 8192 bits, broken into lines. */
const MAX_LENGTH = 1500;

/** The application of an accepted call, and its parameters. */
export interface Admitted {
  app: AppRecord;
  parameters: Parameters;
}

/** Identifies the application of a call, before anything else is checked. */
export async function admit(
  services: Services,
  call: Call,
  request: FastifyRequest,
): Promise<Admitted> {
  const parameters = readParameters(request);
  const envelope = readEnvelope(parameters);
  const app = await identify(services, call, request, () => services.envelopes.check(envelope));
  return { app, parameters };
}

/** The same, with what `find` reads together with the application. */
export async function admitAndFind<Subject>(
  services: Services,
  call: Call,
  request: FastifyRequest,
  find: (appKey: string, parameters: Parameters) => Promise<Found<Subject>>,
): Promise<Admitted & Pick<Found<Subject>, 'subject'>> {
  const parameters = readParameters(request);
  const envelope = readEnvelope(parameters);
  let subject: Found<Subject>['subject'] = async () => undefined;
  const app = await identify(services, call, request, async () => {
    const found = await find(envelope.appKey, parameters);
    subject = found.subject;
    return await services.envelopes.checkFor(found.app, envelope);
  });
  return { app, parameters, subject };
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
