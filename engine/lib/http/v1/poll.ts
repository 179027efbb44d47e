import type { FastifyReply, FastifyRequest } from 'fastify';
import { breakLines } from '../../crypto/base64.js';
import type { AppRecord } from '../../data/ports/apps.js';
import type { PollResult, RequestReader } from '../../domain/requests.js';
import type { Services } from '../../domain/services.js';
import { onDisconnect } from '../client-disconnect.js';
import { incorrectData } from './call-refusal.js';
import { admit, admitAndFind } from './envelope.js';
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
  const wait = preferredWait(request.headers.prefer);
  const held = wait > 0 && services.heldPolls.size < services.limits.heldPolls;
  // A poll that is held reads its request when it listens for changes of it.
  const { app, parameters, subject } = held
    ? { ...(await admit(services, 'poll', request)), subject: undefined }
    : await admitAndFind(services, 'poll', request, (appKey, sent) =>
        services.requests.find(appKey, sent.auth_request),
      );
  const authRequest = readToken(request, parameters);
  forgetParameters(request);
  if (!held) return send(reply, await read(services, app, authRequest, subject));
  reply.header('preference-applied', 'wait');
  // A copy: the token is a slice of the query, which would stay in memory as a whole.
  return hold(services, reply, app, Buffer.from(authRequest).toString(), wait);
}

function readToken(request: FastifyRequest, parameters: Parameters): string {
  // PHP polls by a POST with METHOD=GET.
  if (request.method !== 'GET' && !hasMethodGet(parameters)) {
    throw incorrectData('Poll with GET, or with POST and METHOD=GET.');
  }
  return text(parameters, 'auth_request', 64);
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
  const { envelopes, heldPolls, requests } = services;
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
    const found = await requests.find(app.appKey, authRequest);
    const readmitted = orRefuse('poll', envelopes.readmit(app, found.app));
    return send(reply, await read(services, readmitted, authRequest, found.subject));
  } finally {
    held.release('disconnected');
    stopWatching();
  }
}

async function read(
  { requests }: Services,
  app: AppRecord,
  authRequest: string,
  subject?: RequestReader,
): Promise<PollResult> {
  return orRefuse('poll', await requests.poll(app, authRequest, subject));
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
