/** What an approved login tells the verify callback. */
export interface AuthResponse {
  /** The engine's token of the auth request. It is a secret: keep it out of pages and logs. */
  authRequest: string;
  /** Always `true`: verify is called for approved logins only. */
  authorized: true;
  /** The engine's stable name of this user for this application. Map your users by it. */
  userHash: string;
  /** The user's name for all applications of one organization, if there is one. */
  organizationUser?: string | undefined;
  /** A name to which later requests can be sent, if `userPushId` asked for it. */
  userPushId?: string | undefined;
  /** The device that answered. */
  deviceId?: string | undefined;
  /** The name that the user typed. It is not proof of identity; `userHash` is. */
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
  | 'finished'
  | 'cross_site';

/** The argument of `fail`. Passport passes it to custom callbacks and flash messages. */
export interface LoginInfo {
  /** A sentence for the end user, in English. */
  message: string;
  /** A stable code. */
  code: LoginCode;
  /** The HTTP status. */
  status: number;
  /** The handle of the login, with `'pending'`. */
  request?: string | undefined;
  /** When the login expires, with `'pending'`. */
  expiresAt?: Date | undefined;
  /** The number to show where the user logs in, with `'pending'` and number matching. */
  number?: number | undefined;
  /** Seconds to wait before the next attempt, with `'rate_limited'`, if known. */
  retryAfter?: number | undefined;
}

/** How a login ended, if it did not end in an error. */
export type Verdict =
  | { readonly approved: true; readonly response: AuthResponse }
  | { readonly approved: false; readonly info: LoginInfo };

/** The messages are for end users. */
const REFUSALS: Record<LoginCode, { status: number; message: string }> = {
  denied: { status: 401, message: 'The login was denied.' },
  expired: { status: 401, message: 'The login was not answered in time. Please try again.' },
  unverified: { status: 401, message: 'This account may not log in here.' },
  missing_username: { status: 400, message: 'Please enter your user name.' },
  rate_limited: { status: 429, message: 'Too many login requests. Please wait a moment.' },
  pending: { status: 202, message: 'Please answer the request on your phone.' },
  finished: { status: 401, message: 'This login is already complete.' },
  cross_site: { status: 403, message: 'Another site sent this login, so it was refused.' },
};

/** Returns the {@link LoginInfo} of a code. */
export function loginInfo(code: LoginCode): LoginInfo {
  const { message, status } = REFUSALS[code];
  return { message, code, status };
}

/** Returns the verdict that a login failed for this reason. */
export function refusal(code: LoginCode): Verdict {
  return { approved: false, info: loginInfo(code) };
}
