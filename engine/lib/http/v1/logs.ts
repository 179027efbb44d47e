import type { FastifyReply, FastifyRequest } from 'fastify';
import { Reason, Refusal } from '../../domain/refusal.js';
import type { Services } from '../../domain/services.js';
import { admit } from './envelope.js';
import { optionalBoolean, type Parameters, text } from './parameters.js';
import { sendJson } from './respond.js';

const UPDATED = 'Successfully updated';
/**
 * Go returns to its caller whether the message is the other one, whatever was reported, and the caller
 * takes that for the user's approval.
 */
const DENIAL_RECORDED = 'Denial recorded';

/** The application reports what it made of an answer, or that a login is over. */
export async function logs(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { app, parameters } = await admit(services, request);
  const authRequest = text(parameters, 'auth_request', 64);
  const status = optionalBoolean(parameters, 'status');
  if (status === undefined) throw new Refusal(Reason.incorrectData, { status: 'It is missing.' });
  const action = readAction(parameters);
  await services.sessions.report(app, authRequest, action, status);
  const message = action === 'Authenticate' && !status ? DENIAL_RECORDED : UPDATED;
  return sendJson(reply, { message });
}

function readAction(parameters: Parameters): 'Authenticate' | 'Revoke' {
  const action = text(parameters, 'action', 20);
  if (action === 'Authenticate' || action === 'Revoke') return action;
  throw new Refusal(Reason.incorrectData, { action: 'It must be Authenticate or Revoke.' });
}
