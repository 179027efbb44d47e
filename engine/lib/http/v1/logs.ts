import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Services } from '../../domain/services.js';
import { incorrectParameter } from './call-refusal.js';
import { admit } from './envelope.js';
import { optionalBoolean, type Parameters, text } from './parameters.js';
import { sendJson } from './respond.js';
import { orRefuse } from './words.js';

const UPDATED = 'Successfully updated';
/** Go treats `Successfully updated` as the user's approval, whatever was reported. */
const DENIAL_RECORDED = 'Denial recorded';

/** The application reports how it evaluated an answer or that a login has ended, or takes a request back. */
export async function logs(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { app, parameters } = await admit(services, 'logs', request);
  const authRequest = text(parameters, 'auth_request', 64);
  const status = optionalBoolean(parameters, 'status');
  if (status === undefined) throw incorrectParameter('status', 'It is missing.');
  const action = readAction(parameters);
  if (action === 'Withdraw') {
    if (!status) throw incorrectParameter('status', 'It must be True for Withdraw.');
    orRefuse('logs', await services.withdrawals.withdraw(app, authRequest));
    return sendJson(reply, { message: UPDATED });
  }
  orRefuse('logs', await services.sessions.report(app, authRequest, action, status));
  const message = action === 'Authenticate' && !status ? DENIAL_RECORDED : UPDATED;
  return sendJson(reply, { message });
}

function readAction(parameters: Parameters): 'Authenticate' | 'Revoke' | 'Withdraw' {
  const action = text(parameters, 'action', 20);
  if (action === 'Authenticate' || action === 'Revoke' || action === 'Withdraw') return action;
  throw incorrectParameter('action', 'It must be Authenticate, Revoke or Withdraw.');
}
