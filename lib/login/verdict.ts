import type { LaunchKeyError } from '../errors.js';
import {
  InvalidRequestError,
  NoPairedDevicesError,
  NoSuchUserError,
  RateLimitExceededError,
} from '../errors.js';
import { StoreFullError } from '../store/store.js';

/** What an approved login tells the verify callback. */
export interface AuthResponse {
  /** The engine's token of the auth request. It is a secret: keep it out of pages and logs. */
  authRequest: string;
  /** Always `true`: verify is not called otherwise. */
  authorized: true;
  /** The engine's stable name of this user for this application. Map your users by it. */
  userHash: string;
  /** The user's name across one organization's applications, where there is one. */
  organizationUser?: string | undefined;
  /** A name to send later requests to, if `userPushId` asked for it. */
  userPushId?: string | undefined;
  /** The device that answered. */
  deviceId?: string | undefined;
  /** The name that was typed in; the user chose it, `userHash` proves who it is. */
  username: string;
}

/** Why a login failed; see {@link LoginInfo}. */
export type LoginCode =
  | 'denied'
  | 'expired'
  | 'unverified'
  | 'missing_username'
  | 'rate_limited'
  | 'pending'
  | 'finished';

/** What `fail` is called with: Passport hands it to custom callbacks and flash messages. */
export interface LoginInfo {
  /** A sentence for the user. */
  message: string;
  code: LoginCode;
  /** The HTTP status. */
  status: number;
  /** The handle of the login, with `'pending'`. */
  request?: string | undefined;
  /** When the login expires, with `'pending'`. */
  expiresAt?: Date | undefined;
  /** The number to show where the user logs in, with `'pending'`, where there is one. */
  number?: number | undefined;
  /** Seconds to wait before the next try, with `'rate_limited'`, where the engine named them. */
  retryAfter?: number | undefined;
}

/** How a login ended, short of an error. */
export type Verdict =
  | { readonly approved: true; readonly response: AuthResponse }
  | { readonly approved: false; readonly info: LoginInfo };

const REFUSALS: Record<LoginCode, { status: number; message: string }> = {
  denied: { status: 401, message: 'The login was denied.' },
  expired: { status: 401, message: 'The login was not answered in time. Please try again.' },
  unverified: { status: 401, message: 'This account may not log in here.' },
  missing_username: { status: 400, message: 'Please enter your user name.' },
  rate_limited: { status: 429, message: 'Too many login requests. Please wait a moment.' },
  pending: { status: 202, message: 'Please answer the request on your device.' },
  finished: { status: 401, message: 'This login is finished already.' },
};

/** The {@link LoginInfo} of a code. */
export function loginInfo(code: LoginCode): LoginInfo {
  const { message, status } = REFUSALS[code];
  return { message, code, status };
}

/** The verdict that a login failed for this reason. */
export function refused(code: LoginCode): Verdict {
  return { approved: false, info: loginInfo(code) };
}

/**
 * Tells an ordinary refusal (nobody has that name, too many requests) from a fault of the engine
 * or the application, which is not the user's business and gives `null`.
 */
export function refusalOf(error: unknown): LoginInfo | null {
  if (error instanceof StoreFullError) return loginInfo('rate_limited');
  if (error instanceof RateLimitExceededError) {
    return { ...loginInfo('rate_limited'), retryAfter: error.retryAfter };
  }
  return isAboutTheUser(error) ? loginInfo('denied') : null;
}

/**
 * An unknown user, a user without a device and a name that the engine does not take are one and
 * the same answer, so that a stranger cannot find out who exists.
 */
function isAboutTheUser(error: unknown): error is LaunchKeyError {
  return (
    error instanceof NoSuchUserError ||
    error instanceof NoPairedDevicesError ||
    (error instanceof InvalidRequestError &&
      error.messageCode === 40421 &&
      /username/i.test(error.message))
  );
}
