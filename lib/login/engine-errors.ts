import {
  ExpiredAuthRequestError,
  InvalidRequestError,
  LaunchKeyError,
  NoPairedDevicesError,
  NoSuchUserError,
  RateLimitExceededError,
  STALE_STAMP,
  UnknownAuthRequestError,
} from '../errors.js';
import { StoreFullError } from '../store/store.js';
import { type LoginInfo, loginInfo } from './verdict.js';

/** The engine's number for incorrect data. */
const INCORRECT_DATA = 40421;

/**
 * Returns the refusal that a login ends with if it could not be started because of its user or a
 * limit. Returns `null` for a fault of the engine or the application.
 */
export function refusalFor(error: unknown): LoginInfo | null {
  if (error instanceof StoreFullError) return loginInfo('rate_limited');
  if (error instanceof RateLimitExceededError) {
    return { ...loginInfo('rate_limited'), retryAfter: error.retryAfter };
  }
  return concernsUser(error) ? loginInfo('denied') : null;
}

/**
 * Whether the engine cannot ask this user: the name is unknown, has no device, or is one that the
 * engine does not accept. All three are the same denial, so that it does not show which names
 * exist.
 */
function concernsUser(error: unknown): boolean {
  return (
    error instanceof NoSuchUserError ||
    error instanceof NoPairedDevicesError ||
    (error instanceof InvalidRequestError &&
      error.messageCode === INCORRECT_DATA &&
      /username/i.test(error.message))
  );
}

/** Whether the engine says that this auth request will get no answer any more. */
export function isAuthRequestGone(error: unknown): boolean {
  return (
    error instanceof UnknownAuthRequestError ||
    (error instanceof ExpiredAuthRequestError && error.code !== STALE_STAMP)
  );
}

/** Whether the same call may succeed a little later. */
export function isRetryable(error: unknown): error is LaunchKeyError {
  return error instanceof LaunchKeyError && error.retryable;
}
