import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Policy } from '../../data/ports/requests.js';
import { parsePolicy } from '../../domain/policy.js';
import { Reason, Refusal } from '../../domain/refusal.js';
import type { NewRequest } from '../../domain/requests.js';
import type { Services } from '../../domain/services.js';
import { admit } from './envelope.js';
import { optionalBoolean, optionalText, type Parameters, text } from './parameters.js';
import { sendJson } from './respond.js';

/** Asks a user: creates an auth request. */
export async function auths(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { app, parameters } = await admit(services, request);
  const authRequest = await services.requests.create(app, readRequest(parameters));
  return sendJson(reply, { auth_request: authRequest });
}

function readRequest(parameters: Parameters): NewRequest {
  const number = readNumber(optionalText(parameters, 'number_match', 10));
  return {
    username: text(parameters, 'username', 1000),
    session: optionalBoolean(parameters, 'session') ?? true,
    userPushId: optionalBoolean(parameters, 'user_push_id') ?? false,
    context: readContext(optionalText(parameters, 'context', 400), number),
    policy: readPolicy(optionalText(parameters, 'policy', 8000)),
    number,
    authRequest: readToken(optionalText(parameters, 'auth_request', 64)),
  };
}

/** A number, alone or after a label and a colon. */
const NAMED_NUMBER = /^(?:[^\d:]*:)?\s*(\d+)\s*$/;

/**
 * Without the last line where that is the number to match, alone or as `Number: 42`: clients put it
 * there for engines that do not know `number_match`, and on the device it would give the answer away.
 */
function readContext(context: string | undefined, number: string | undefined): string | undefined {
  if (!context || !number) return context || undefined;
  const lines = context.split('\n');
  if (NAMED_NUMBER.exec(lines.at(-1) ?? '')?.[1] === number) lines.pop();
  return lines.join('\n') || undefined;
}

function readPolicy(text: string | undefined): Policy | undefined {
  if (!text) return undefined;
  const policy = parsePolicy(text);
  if (typeof policy !== 'string') return policy;
  throw new Refusal(Reason.incorrectData, { policy: `The policy ${policy}.` });
}

function readNumber(number: string | undefined): string | undefined {
  if (!number) return undefined;
  if (/^\d\d$/.test(number)) return number;
  throw new Refusal(Reason.incorrectData, { number_match: 'It must have two digits.' });
}

function readToken(token: string | undefined): string | undefined {
  if (!token) return undefined;
  // Shorter ones could be guessed, and whoever guesses it can wait for the answer.
  if (/^[A-Za-z0-9]{32,64}$/.test(token)) return token;
  throw new Refusal(Reason.incorrectData, {
    auth_request: 'A token of your own has 32 to 64 letters and digits.',
  });
}
