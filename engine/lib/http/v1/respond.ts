import type { FastifyReply } from 'fastify';
import { type Call, type CallRefusal, type Message, PENDING } from './call-refusal.js';

/** The message for a request that cannot be read. */
export const UNREADABLE = 'The request could not be read.';

export function sendJson(reply: FastifyReply, body: object): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(body));
}

export function sendRefusal(reply: FastifyReply, call: Call, refusal: CallRefusal): FastifyReply {
  const { status, said, retryAfterMs } = refusal;
  if (retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(retryAfterMs / 1000));
  return sendError(reply, status, said, refusal.code(call));
}

export function sendError(
  reply: FastifyReply,
  status: number,
  message: Message,
  code?: number,
): FastifyReply {
  return sendJson(reply.code(status), errorBody(status, message, code));
}

export function errorBody(status: number, message: Message, code?: number): object {
  return {
    successful: false,
    status_code: status,
    message,
    message_code: code,
    response: '',
  };
}

/** A pending request has the form of an error, although it is none. */
export function sendPending(reply: FastifyReply): FastifyReply {
  return sendError(reply.header('retry-after', 1), 400, 'pending', PENDING);
}

/** The engine closes or has failed. Responses of 500 and above are plain text. */
export function sendUnavailable(reply: FastifyReply): FastifyReply {
  return reply
    .code(503)
    .header('retry-after', 1)
    .type('text/plain; charset=utf-8')
    .send('The engine is not available at the moment. Try again.\n');
}
