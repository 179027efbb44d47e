import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Services } from '../../domain/services.js';
import { apiTime, launchkeyTime } from '../../util/time.js';
import { incorrectParameter } from './call-refusal.js';
import { optionalText, readParameters } from './parameters.js';
import { sendJson } from './respond.js';

/** The extensions of the LaunchKey v1 API that this engine knows. */
const FEATURES = [
  'number_match',
  'number_type',
  'browser',
  'withdraw',
  'white_label_devices',
] as const;

/** Returns the ping key and the engine's time, under the names that the SDKs read. */
export async function ping(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const wanted = optionalText(readParameters(request), 'fingerprint', 100);
  const { pingKeys, clock } = services;
  const key = wanted ? pingKeys.byFingerprint(wanted) : pingKeys.current;
  if (!key) throw incorrectParameter('fingerprint', 'No key has this fingerprint.');
  const now = clock();
  return sendJson(reply, {
    date_stamp: launchkeyTime(key.madeAt),
    launchkey_time: launchkeyTime(now),
    api_time: apiTime(now),
    fingerprint: key.fingerprint,
    key: key.served,
    features: FEATURES,
  });
}
