import {
  CommunicationError,
  EngineError,
  InvalidResponseError,
  type LaunchKeyError,
  type LaunchKeyErrorDetails,
  RateLimitExceededError,
} from '../errors.js';
import type { HttpResponse } from './adapter.js';
import { errorForCode, isErrorCode, PENDING } from './message-codes.js';
import { quote, type Redact } from './redaction.js';

/** The members of a JSON object, not checked yet. */
export type Members = Record<string, unknown>;

/** The content of a response that is not an error. */
export interface ResponseContent {
  data: Members;
  /** Whether the engine says that the user has not answered yet (message code 70403). */
  pending: boolean;
}

/**
 * Reads a response in every form in which engines are known to answer.
 *
 * @param redact Cleans the engine's message before it becomes part of an error.
 * @throws LaunchKeyError of the class that belongs to the response, where it is an error.
 */
export function readResponse(response: HttpResponse, redact: Redact): ResponseContent {
  const { status } = response;
  if (status >= 300 && status < 400) {
    throw new InvalidResponseError(
      `The engine answered with a redirect (HTTP ${status}), which is not followed. Set apiBaseUrl to the final address.`,
      { status },
    );
  }
  const members = parseObject(response.body);
  if (!members) throw errorForStatus(response);

  const code = numberOf(members.message_code);
  const statedStatus = statusOf(status, members);
  if (code === PENDING && statedStatus < 500) return { data: {}, pending: true };
  if (statedStatus >= 300 || (code !== undefined && isErrorCode(code))) {
    throw errorForMembers({ ...response, status: statedStatus }, members, code, redact);
  }
  return { data: unwrap(members), pending: false };
}

/** Parses the text of a JSON object. Returns `null` for any other text. */
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
function statusOf(httpStatus: number, { status_code }: Members): number {
  const stated = numberOf(status_code);
  return httpStatus < 300 && stated !== undefined && stated >= 300 && stated < 600
    ? stated
    : httpStatus;
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

/** The body is not a JSON object: an error page of a proxy, or not a LaunchKey engine. */
function errorForStatus({ status, retryAfter }: HttpResponse): LaunchKeyError {
  const details = { status, retryAfter };
  if (status >= 500) return engineFailure(details);
  if (status === 429) return tooManyRequests(details);
  // Servers and proxies send it on a connection on which no request came in time.
  if (status === 408) {
    return new CommunicationError(
      'The server waited too long for the call (HTTP 408). Send it again.',
      details,
    );
  }
  return new InvalidResponseError(
    `The answer (HTTP ${status}) is not a JSON object. ${checkBaseUrl(status)}`,
    details,
  );
}

function errorForMembers(
  { status, retryAfter }: HttpResponse,
  members: Members,
  code: number | undefined,
  redact: Redact,
): LaunchKeyError {
  const engineMessage = redact(messageText(members.message));
  const details: LaunchKeyErrorDetails = { status, retryAfter, engineMessage };
  if (status >= 500) {
    return engineFailure({ ...details, ...(code !== undefined && { messageCode: code }) });
  }
  if (code !== undefined) return errorForCode(code, details);
  if (status === 429) return tooManyRequests(details);
  const advice = status === 404 ? ` ${checkBaseUrl(status)}` : '';
  return new EngineError(
    `The engine refused the call (HTTP ${status})${quote(engineMessage)}.${advice}`,
    details,
  );
}

function engineFailure(details: LaunchKeyErrorDetails): EngineError {
  const { status, engineMessage } = details;
  return new EngineError(
    `The engine failed (HTTP ${status})${quote(engineMessage)}. Try again later.`,
    { ...details, retryable: true },
  );
}

function tooManyRequests(details: LaunchKeyErrorDetails): RateLimitExceededError {
  return new RateLimitExceededError(
    'The server refused the call: too many requests (HTTP 429). Try again later.',
    details,
  );
}

const checkBaseUrl = (status: number) =>
  status === 404
    ? 'Check apiBaseUrl: the path /v1 may be missing.'
    : 'Check that apiBaseUrl is the address of a LaunchKey v1 engine.';

/** The message may be an object: a text for each parameter. */
function messageText(message: unknown): string {
  if (typeof message === 'string') return message;
  if (!isObject(message)) return '';
  return Object.entries(message)
    .map(([name, text]) => `${name}: ${String(text)}`)
    .join('; ');
}
