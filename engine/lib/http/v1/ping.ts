import type { FastifyReply, FastifyRequest } from 'fastify';
import { Reason, Refusal } from '../../domain/refusal.js';
import type { Services } from '../../domain/services.js';
import { apiTime, launchkeyTime } from '../../util/time.js';
import { optionalText, readParameters } from './parameters.js';
import { sendJson } from './respond.js';

/** The key to encrypt for and the time to stamp with, under the names that any SDK reads them by. */
export async function ping(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const wanted = optionalText(readParameters(request), 'fingerprint', 100);
  const { pingKeys, clock } = services;
  const key = wanted ? pingKeys.byFingerprint(wanted) : pingKeys.current;
  if (!key) {
    throw new Refusal(Reason.incorrectData, {
      fingerprint: 'There is no key of this fingerprint.',
    });
  }
  const now = clock();
  return sendJson(reply, {
    date_stamp: launchkeyTime(key.madeAt),
    launchkey_time: launchkeyTime(now),
    api_time: apiTime(now),
    fingerprint: key.fingerprint,
    key: key.served,
  });
}
