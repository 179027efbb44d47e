import {
  CommunicationError,
  EngineError,
  InvalidResponseError,
  type LaunchKeyError,
  type LaunchKeyErrorDetails,
  RateLimitExceededError,
} from '../errors.js';
import type { Reply } from './adapter.js';
import { errorForCode, isErrorCode, PENDING } from './codes.js';

/** The members of a JSON object, none of which has been looked at yet. */
export type Members = Record<string, unknown>;

/** What a reply says, once it is no error. */
export interface Outcome {
  data: Members;
  /** The user has not answered yet (message code 70403). */
  pending: boolean;
}

/**
 * Reads a reply leniently, in every form that engines are known to have answered in, and throws the
 * error that it stands for, if it stands for one.
 *
 * @param secrets What must not come back in an error's message.
 */
export function readReply(reply: Reply, secrets: readonly string[]): Outcome {
  const { status } = reply;
  if (status >= 300 && status < 400) {
    throw new InvalidResponseError('The engine answered with a redirect, which is not followed', {
      status,
    });
  }
  const members = parseObject(reply.body);
  if (!members) throw unreadable(reply);

  const code = numberOf(members.message_code);
  const said = saidStatus(status, members);
  if (code === PENDING && said < 500) return { data: {}, pending: true };
  if (said >= 300 || (code !== undefined && isErrorCode(code))) {
    throw refusal({ ...reply, status: said }, members, code, secrets);
  }
  return { data: unwrap(members), pending: false };
}

/** Parses the text of a JSON object; `null` for any other text. */
export function parseObject(text: string): Members | null {
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** With HTTP status 200, a `status_code` of 3xx to 5xx in the body is the one that counts (Python). */
function saidStatus(status: number, { status_code }: Members): number {
  const said = numberOf(status_code);
  return status < 300 && said !== undefined && said >= 300 && said < 600 ? said : status;
}

/** The data may be wrapped in a `response` member, which is `""` on errors. */
function unwrap(members: Members): Members {
  const { response } = members;
  return isObject(response) && Object.keys(response).length > 0 ? response : members;
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : undefined;
}

/** No JSON object: an error page of a proxy in between, or no engine at all. */
function unreadable({ status, retryAfter }: Reply): LaunchKeyError {
  const details = { status, retryAfter };
  if (status >= 500) {
    return new EngineError(`The engine failed with HTTP status ${status}`, {
      ...details,
      retryable: true,
    });
  }
  if (status === 429) return new RateLimitExceededError('Too many requests (HTTP 429)', details);
  // What servers and proxies say to a connection on which they waited for the request in vain.
  if (status === 408) return new CommunicationError('The call timed out (HTTP 408)', details);
  return new InvalidResponseError(`The answer (HTTP ${status}) is not a JSON object`, details);
}

function refusal(
  { status, retryAfter }: Reply,
  members: Members,
  code: number | undefined,
  secrets: readonly string[],
): LaunchKeyError {
  const engineMessage = cleanMessage(members.message, secrets);
  const details: LaunchKeyErrorDetails = { status, retryAfter, engineMessage };
  if (status >= 500) {
    const words = engineMessage ? `: ${engineMessage}` : '';
    return new EngineError(`The engine failed with HTTP status ${status}${words}`, {
      ...details,
      ...(code !== undefined && { messageCode: code }),
      retryable: true,
    });
  }
  if (code !== undefined) return errorForCode(code, details);
  if (status === 429) return new RateLimitExceededError('Too many requests (HTTP 429)', details);
  const words = engineMessage ? `: ${engineMessage}` : '';
  return new EngineError(`The engine refused the call (HTTP ${status})${words}`, details);
}

const MAX_MESSAGE = 200;

/** Base64, plain or percent-encoded, as ciphertexts, signatures, tokens and keys have it. */
const LONG_RUN = /[A-Za-z0-9+/=_%-]{28,}/g;

/**
 * The engine's words for an error's message. They may quote what was sent: whatever is as long as a
 * piece of an envelope or a token is left out, and a message that holds a secret is dropped.
 */
function cleanMessage(message: unknown, secrets: readonly string[]): string | undefined {
  const text = isObject(message)
    ? Object.entries(message)
        .map(([name, words]) => `${name}: ${String(words)}`)
        .join('; ')
    : message;
  if (typeof text !== 'string') return undefined;
  if (secrets.some((secret) => text.includes(secret))) return undefined;
  const clean = text
    .replace(LONG_RUN, '…')
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .trim();
  return clean === '' ? undefined : clean.slice(0, MAX_MESSAGE);
}
