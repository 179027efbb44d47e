import type { FastifyReply, FastifyRequest } from 'fastify';
import { breakAuthPackage } from '../../crypto/base64.js';
import type { AnswerRecord, AppRecord } from '../../data/records.js';
import { Reason, Refusal } from '../../domain/refusal.js';
import type { Services } from '../../services.js';
import { whenLeft } from '../left.js';
import { admit } from './envelope.js';
import { text } from './parameters.js';
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
  if (wait > 0) reply.header('preference-applied', 'wait');
  forgetParameters(request);
  const result = await services.requests.poll(app, authRequest);
  if (result.state === 'answered') return sendAnswer(reply, result.answer);
  if (wait === 0 || services.heldPolls.size >= services.limits.heldPolls) {
    return sendPending(reply.removeHeader('preference-applied'));
  }
  // The engine's own copy of the token: the client's is a slice that keeps its whole query alive.
  return hold(services, reply, app, result.authRequest, result.expiresAt, wait);
}

async function readPoll(services: Services, request: FastifyRequest) {
  const { app, parameters } = await admit(services, request);
  // PHP sends a POST that says it is a GET.
  if (request.method !== 'GET' && String(parameters.METHOD).toUpperCase() !== 'GET') {
    throw new Refusal(Reason.incorrectData, 'Poll with GET, or with POST and METHOD=GET.');
  }
  return { app, authRequest: text(parameters, 'auth_request', 64) };
}

async function hold(
  services: Services,
  reply: FastifyReply,
  app: AppRecord,
  authRequest: string,
  expiresAt: number,
  seconds: number,
): Promise<FastifyReply> {
  const { envelopes, heldPolls, requests } = services;
  const place = heldPolls.enter(authRequest, expiresAt, seconds * 1000);
  const stopWatching = whenLeft(reply, () => place.release('left'));
  try {
    // Looked at again from inside: an answer that came before the poll entered wakes nobody.
    const before = await requests.poll(app, authRequest);
    if (before.state === 'answered') return sendAnswer(reply, before.answer);
    const release = await place.released;
    if (release === 'left') return reply.hijack();
    if (release === 'closing') return sendUnavailable(reply.header('connection', 'close'));
    // What was let in a minute ago may be disabled by now.
    const after = await requests.poll(await envelopes.readmit(app), authRequest);
    return after.state === 'answered' ? sendAnswer(reply, after.answer) : sendPending(reply);
  } finally {
    place.release('left');
    stopWatching();
  }
}

function sendAnswer(reply: FastifyReply, answer: AnswerRecord): FastifyReply {
  return sendJson(reply, {
    auth: breakAuthPackage(answer.auth),
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
