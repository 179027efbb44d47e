import type { FastifyReply } from 'fastify';
import { OwnReason, Reason, type Refusal } from '../../domain/refusal.js';

/** The calls of the v1 API, each with a family of message codes of its own. */
export type Call = 'ping' | 'auths' | 'poll' | 'logs' | 'users';

const INCORRECT_DATA: Record<Call, number> = {
  ping: 60401,
  auths: 40421,
  poll: 70401,
  logs: 50441,
  users: 10221,
};

/** What is added to the reason, the last two digits of the codes of `auths`. */
const FAMILY: Record<Call, number> = {
  ping: 60400,
  auths: 40400,
  poll: 70400,
  logs: 50420,
  users: 10200,
};

/** The code of a refusal, as the call that it happened in says it. */
export function messageCode(call: Call, reason: Reason | OwnReason): number {
  if (reason > 100) return reason;
  if (reason === Reason.incorrectData) return INCORRECT_DATA[call];
  // 50455 speaks of the engine itself: for `logs` a disabled application is one that is not verified.
  if (call === 'logs' && reason === Reason.appDisabled) return 50443;
  return FAMILY[call] + reason;
}

/** Said of what fails before a call begins. */
export const UNREADABLE = 'The request could not be read.';

export function sendJson(reply: FastifyReply, body: object): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(body));
}

/**
 * Java reads the body of an error for 400 to 403 only and takes everything else for a broken line:
 * so nothing an application can cause has another status.
 */
export function sendRefusal(reply: FastifyReply, call: Call, refusal: Refusal): FastifyReply {
  const { reason, said, retryAfter } = refusal;
  if (retryAfter !== undefined) reply.header('retry-after', Math.ceil(retryAfter / 1000));
  return sendError(reply, statusOf(reason), said, messageCode(call, reason));
}

export function sendError(
  reply: FastifyReply,
  status: number,
  message: string | Record<string, string>,
  code?: number,
): FastifyReply {
  return sendJson(reply.code(status), errorBody(status, message, code));
}

export function errorBody(
  status: number,
  message: string | Record<string, string>,
  code?: number,
): object {
  return {
    successful: false,
    status_code: status,
    message,
    message_code: code,
    response: '',
  };
}

/** Pending is said as an error, and is none. */
export function sendPending(reply: FastifyReply): FastifyReply {
  return sendError(reply.header('retry-after', 1), 400, 'pending', OwnReason.pending);
}

/** The engine closes, or has failed: errors of 500 and above are plain text. */
export function sendUnavailable(reply: FastifyReply): FastifyReply {
  return reply
    .code(503)
    .header('retry-after', 1)
    .type('text/plain; charset=utf-8')
    .send('The engine is not available at the moment. Try again.\n');
}

function statusOf(reason: Reason | OwnReason): number {
  if (reason === Reason.staleStamp) return 401;
  if (reason === Reason.appDisabled) return 403;
  return 400;
}
