import type { FastifyReply, FastifyRequest } from 'fastify';
import type { BrowserRecord, Policy } from '../../data/ports/requests.js';
import type { NewRequest } from '../../domain/requests.js';
import type { Services } from '../../domain/services.js';
import { parseBrowser } from './browser.js';
import { incorrectParameter } from './call-refusal.js';
import { admitAndFind } from './envelope.js';
import { optionalBoolean, optionalText, type Parameters, text } from './parameters.js';
import { parsePolicy } from './policy.js';
import { sendJson } from './respond.js';
import { orRefuse } from './words.js';

/** Creates an auth request. */
export async function auths(
  services: Services,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { requests } = services;
  const { app, parameters, subject } = await admitAndFind(
    services,
    'auths',
    request,
    (appKey, sent) => requests.findRecipient(appKey, sent.username),
  );
  const created = await requests.create(app, readRequest(parameters), subject);
  return sendJson(reply, { auth_request: orRefuse('auths', created).authRequest });
}

function readRequest(parameters: Parameters): NewRequest {
  const number = readNumber(optionalText(parameters, 'number_match', 12));
  return {
    username: text(parameters, 'username', 1000),
    session: optionalBoolean(parameters, 'session') ?? true,
    userPushId: optionalBoolean(parameters, 'user_push_id') ?? false,
    context: readContext(optionalText(parameters, 'context', 400), number),
    policy: readPolicy(optionalText(parameters, 'policy', 8000)),
    browser: readBrowser(optionalText(parameters, 'browser', 8000)),
    number,
    authRequest: readToken(optionalText(parameters, 'auth_request', 64)),
  };
}

/** A number, alone or after a label with a colon. */
const NAMED_NUMBER = /^(?:[^\d:]*:)?\s*(\d+)\s*$/;

/**
 * Removes the last line if it holds the number to match, alone or as `Number: 42`. Clients add it for
 * engines that do not know `number_match`; on the device it would show which number is right.
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
  throw incorrectParameter('policy', `The policy ${policy}.`);
}

function readBrowser(text: string | undefined): BrowserRecord | undefined {
  if (!text) return undefined;
  const browser = parseBrowser(text);
  if (typeof browser !== 'string') return browser;
  throw incorrectParameter('browser', `The browser ${browser}.`);
}

function readNumber(number: string | undefined): string | undefined {
  if (!number) return undefined;
  if (/^\d{2,12}$/.test(number)) return number;
  throw incorrectParameter('number_match', 'It must have 2 to 12 digits.');
}

function readToken(token: string | undefined): string | undefined {
  if (!token) return undefined;
  // A shorter token could be guessed, and its holder can poll for the answer.
  if (/^[A-Za-z0-9]{32,64}$/.test(token)) return token;
  throw incorrectParameter('auth_request', 'It must have 32 to 64 letters and digits.');
}
