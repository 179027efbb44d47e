import type { FastifyReply, FastifyRequest } from 'fastify';
import { breakLines } from '../../crypto/base64.js';
import type { AppRecord } from '../../data/ports/apps.js';
import type { PollResult } from '../../domain/requests.js';
import type { Services } from '../../domain/services.js';
import { onDisconnect } from '../client-disconnect.js';
import { incorrectData } from './call-refusal.js';
import { admit } from './envelope.js';
import { optionalText, type Parameters, text } from './parameters.js';
import { preferredWait } from './prefer.js';
import { sendJson, sendPending, sendUnavailable } from './respond.js';
import { orRefuse } from './words.js';

/** Returns the user's answer. With `Prefer: wait`, the poll is held until the user answers. */
export async function poll(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { app, authRequest } = await readPoll(services, request);
  const wait = preferredWait(request.headers.prefer);
  forgetParameters(request);
  if (wait === 0 || services.heldPolls.size >= services.limits.heldPolls) {
    return send(reply, await read(services, app, authRequest));
  }
  reply.header('preference-applied', 'wait');
  // A copy: the token is a slice of the query, which would stay in memory as a whole.
  return hold(services, reply, app, Buffer.from(authRequest).toString(), wait);
}

async function readPoll(services: Services, request: FastifyRequest) {
  const { app, parameters } = await admit(services, 'poll', request);
  // PHP polls by a POST with METHOD=GET.
  if (request.method !== 'GET' && !hasMethodGet(parameters)) {
    throw incorrectData('Poll with GET, or with POST and METHOD=GET.');
  }
  return { app, authRequest: text(parameters, 'auth_request', 64) };
}

function hasMethodGet(parameters: Parameters): boolean {
  return optionalText(parameters, 'METHOD', 10)?.toUpperCase() === 'GET';
}

async function hold(
  services: Services,
  reply: FastifyReply,
  app: AppRecord,
  authRequest: string,
  seconds: number,
): Promise<FastifyReply> {
  const { envelopes, heldPolls } = services;
  const held = heldPolls.enter(authRequest, seconds * 1000);
  const stopWatching = onDisconnect(reply, () => held.release('disconnected'));
  try {
    const before = await read(services, app, authRequest);
    if (before.state === 'answered') return send(reply, before);
    held.expiresAt = before.expiresAt;
    const release = await held.released;
    if (release === 'disconnected') return reply.hijack();
    if (release === 'closing') return sendUnavailable(reply.header('connection', 'close'));
    // The application may have been disabled while the poll was held.
    const readmitted = orRefuse('poll', await envelopes.readmit(app));
    return send(reply, await read(services, readmitted, authRequest));
  } finally {
    held.release('disconnected');
    stopWatching();
  }
}

async function read(
  { requests }: Services,
  app: AppRecord,
  authRequest: string,
): Promise<PollResult> {
  return orRefuse('poll', await requests.poll(app, authRequest));
}

function send(reply: FastifyReply, result: PollResult): FastifyReply {
  if (result.state === 'pending') return sendPending(reply);
  const { answer } = result;
  return sendJson(reply, {
    auth: breakLines(answer.auth),
    user_hash: answer.userHash,
    organization_user: answer.organizationUser,
    user_push_id: answer.userPushId,
  });
}

/** Removes the envelope from a held request, to save kilobytes for each held poll. */
function forgetParameters(request: FastifyRequest): void {
  request.query = undefined;
  request.body = undefined;
  request.raw.url = '';
  request.raw.rawHeaders = [];
}
