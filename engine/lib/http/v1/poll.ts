import type { FastifyReply, FastifyRequest } from 'fastify';
import { breakLines } from '../../crypto/base64.js';
import type { AppRecord } from '../../data/ports/apps.js';
import { Reason, Refusal } from '../../domain/refusal.js';
import type { PollResult } from '../../domain/requests.js';
import type { Services } from '../../domain/services.js';
import { onDisconnect } from '../client-disconnect.js';
import { admit } from './envelope.js';
import { optionalText, type Parameters, text } from './parameters.js';
import { preferredWait } from './prefer.js';
import { sendJson, sendPending, sendUnavailable } from './respond.js';

/** The user's answer, if there is one; held until there is, where the client prefers to wait. */
export async function poll(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { app, authRequest } = await readPoll(services, request);
  const wait = preferredWait(request.headers.prefer);
  forgetParameters(request);
  if (wait === 0 || services.heldPolls.size >= services.limits.heldPolls) {
    return send(reply, await services.requests.poll(app, authRequest));
  }
  reply.header('preference-applied', 'wait');
  // A copy: what the client has sent is a slice of its query, which would be kept alive as a whole.
  return hold(services, reply, app, Buffer.from(authRequest).toString(), wait);
}

async function readPoll(services: Services, request: FastifyRequest) {
  const { app, parameters } = await admit(services, request);
  // PHP sends a POST that says it is a GET.
  if (request.method !== 'GET' && !saysGet(parameters)) {
    throw new Refusal(Reason.incorrectData, 'Poll with GET, or with POST and METHOD=GET.');
  }
  return { app, authRequest: text(parameters, 'auth_request', 64) };
}

function saysGet(parameters: Parameters): boolean {
  return optionalText(parameters, 'METHOD', 10)?.toUpperCase() === 'GET';
}

async function hold(
  services: Services,
  reply: FastifyReply,
  app: AppRecord,
  authRequest: string,
  seconds: number,
): Promise<FastifyReply> {
  const { envelopes, heldPolls, requests } = services;
  const held = heldPolls.enter(authRequest, seconds * 1000);
  const stopWatching = onDisconnect(reply, () => held.release('disconnected'));
  try {
    const before = await requests.poll(app, authRequest);
    if (before.state === 'answered') return send(reply, before);
    held.expiresAt = before.expiresAt;
    const release = await held.released;
    if (release === 'disconnected') return reply.hijack();
    if (release === 'closing') return sendUnavailable(reply.header('connection', 'close'));
    // The application may have been disabled while the poll was held.
    return send(reply, await requests.poll(await envelopes.readmit(app), authRequest));
  } finally {
    held.release('disconnected');
    stopWatching();
  }
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

/** A held poll is small because it holds no envelope: kilobytes that nobody needs again. */
function forgetParameters(request: FastifyRequest): void {
  request.query = undefined;
  request.body = undefined;
  request.raw.url = '';
  request.raw.rawHeaders = [];
}
