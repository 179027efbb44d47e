import { InvalidRequestError, InvalidResponseError } from '../errors.js';
import type { CallOptions } from './call-options.js';
import type { CallResult, FormCall } from './engine-calls.js';
import { checkAuthRequest } from './parameters.js';
import type { Members } from './response.js';

/** The options of `client.pollRequest()`. */
export interface PollOptions extends CallOptions {
  /**
   * How long the engine is asked to hold the call until the user answers, in seconds, from 0 to 3600.
   * Engines that do not know this answer at once. Defaults to `0`.
   */
  wait?: number | undefined;
}

/** A user's answer, not decrypted yet. */
export interface PollAnswer {
  /** The auth package. Pass it to `isAuthorized()` together with the auth request. */
  auth: string;
  /** The user's name towards this application, which never changes. */
  userHash: string;
  /** The user's name towards all applications of the organization, where there is one. */
  organizationUser?: string;
  /** A name by which the user can be asked again, where `authorize()` asked for one. */
  userPushId?: string;
}

/** The result of one poll. Its declaration stays in the package, because other modules import it. */
export interface PollResult {
  /** `null` while the user has not answered. */
  answer: PollAnswer | null;
  /** Whether the engine held the call. If not, the caller has to pause between polls. */
  held: boolean;
  /** The pause that the engine asks for, in seconds. */
  retryAfter?: number;
}

const MAX_WAIT_SECONDS = 3600;

/**
 * The call that asks for an answer. It is a POST that says it is a GET, as the PHP SDK sends it: so
 * every engine knows it, and the envelope travels in the body, which proxies do not log.
 *
 * @throws InvalidRequestError for an argument that the engine would refuse.
 */
export function pollCall(authRequest: string, wait: number): FormCall {
  checkAuthRequest(authRequest);
  if (!Number.isInteger(wait) || wait < 0 || wait > MAX_WAIT_SECONDS) {
    throw new InvalidRequestError(
      `wait is not a whole number of seconds from 0 to ${MAX_WAIT_SECONDS}.`,
    );
  }
  return {
    method: 'POST',
    path: '/poll',
    query: 'METHOD=GET',
    parameters: { auth_request: authRequest },
    wait,
    idempotent: true,
  };
}

/** Reads the response to a poll. */
export function readPollResult({ data, pending, held, retryAfter }: CallResult): PollResult {
  const result: PollResult = { answer: pending ? null : readAnswer(data), held };
  if (retryAfter !== undefined) result.retryAfter = retryAfter;
  return result;
}

function readAnswer(data: Members): PollAnswer {
  const { auth, user_hash: userHash, organization_user, user_push_id } = data;
  if (typeof auth !== 'string' || auth === '' || typeof userHash !== 'string' || userHash === '') {
    throw new InvalidResponseError(
      'The answer to the poll lacks auth or user_hash. A LaunchKey v1 engine sends both. Check apiBaseUrl.',
    );
  }
  const answer: PollAnswer = { auth, userHash };
  if (typeof organization_user === 'string' && organization_user !== '') {
    answer.organizationUser = organization_user;
  }
  if (typeof user_push_id === 'string' && user_push_id !== '') answer.userPushId = user_push_id;
  return answer;
}
