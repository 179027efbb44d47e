/**
 * Every way in which the engine refuses something, with its details. A refusal is a value: the code
 * that serves an audience (`http/v1`, `http/device`, `http/demo`, the program API) gives it a code and
 * words. One outcome has one name for all audiences.
 */
interface Details {
  /** An argument is unusable. `expected` completes the sentence "The argument must be …". */
  invalid: { member: string; expected: string };
  /** A user name or white label identifier breaks the rules for names. */
  invalid_name: {
    member: 'username' | 'identifier';
    problem: 'missing' | 'too_long' | 'characters';
  };

  unknown_app: { appKey: string };
  unknown_user: object;
  /** `similar` if the name of the existing user differs in case or in the form of its letters. */
  user_exists: { username: string; similar: boolean };
  /** The user has no device that can be asked. */
  no_device: object;
  /** The application has as many white label users as it may have. */
  too_many_users: object;

  /** No auth request of this caller has this token. */
  unknown_request: object;
  /** The auth request was answered before. */
  answered: object;
  /** The auth request, or the session that it opened, has ended. */
  expired: object;
  /** The application took the auth request back. */
  withdrawn: object;
  /** A wrong number was given before, so the request can only be denied. */
  denial_only: object;
  /** This answer gives a wrong number. */
  wrong_number: object;
  /** An approval on the virtual device lacks the number. */
  number_required: object;
  /** The user has no virtual device, for example because a phone is paired. */
  no_virtual_device: object;
  virtual_devices_off: object;
  /** The approval proves less than the policy asks for. */
  policy: { missing: string[] };
  /** The answer is encrypted for a key that the application no longer has. */
  key_changed: { publicKey: string };
  /** The application chose a token that was used before. */
  token_taken: object;
  /** A report on an auth request that has no session to report on. */
  not_a_session: {
    why: 'ended' | 'unanswered' | 'answered' | 'denied' | 'transaction' | 'ended_by_user';
  };

  /** Requests to the user are paused after a report of fraud. */
  paused: { retryAfterMs: number };
  /** The application has sent this user too many requests. */
  rate_limited: { retryAfterMs: number };
  /** Too many requests of this user are open. */
  too_many_open: { retryAfterMs: number };
  /** Too many calls from this address failed. */
  too_many_failed_calls: { retryAfterMs: number };

  /** The pairing code is mistyped, used or expired. */
  unknown_code: object;
  /** Too many pairing codes were tried: from this address, or typed anywhere. */
  too_many_codes: { from: 'address' | 'anywhere'; retryAfterMs: number };
  unknown_device: object;
  /** The user has as many devices as a user may have. */
  too_many_devices: { limit: number };
  /** The device was unpaired, or its token belongs to another device. */
  unpaired: object;
  /** The signature of a device's request does not match. */
  signature: object;
  /** A device's request was signed outside the allowed clock skew. */
  clock: { now: number };
  /** A device's request was sent before. */
  replay: object;
  /** The device sends too many requests. */
  too_many_requests: { retryAfterMs: number };
  /** The factor is set up, and the proof by the old one is missing. */
  already_enrolled: { factor: 'pin' | 'webauthn' };

  signature_mismatch: { problem: 'not_base64' | 'mismatch' };
  signature_unreadable: { bytes: number };
  not_decryptable: object;
  malformed_secret: object;
  stale_stamp: object;
  wrong_secret: object;
  app_disabled: object;
}

export type RefusalName = keyof Details;

/** One of the named refusals, or any. */
export type Refusal<Name extends RefusalName = RefusalName> = {
  [N in Name]: { refused: N } & Details[N];
}[Name];

export function invalid(member: string, expected: string): Refusal<'invalid'> {
  return { refused: 'invalid', member, expected };
}

export function isRefused<Result>(
  result: Result,
): result is Extract<Result, { refused: RefusalName }> {
  return typeof result === 'object' && result !== null && 'refused' in result;
}

/** The words of one audience: a function for each refusal that can reach it. */
export type Words<Context extends unknown[] = []> = {
  [Name in RefusalName]?: (refusal: Refusal<Name>, ...context: Context) => Error;
};

/** Returns a result that is no refusal, and throws a refusal in the words of an audience. */
export function resultOrThrow<W extends Words<Context>, Result, Context extends unknown[]>(
  words: W,
  result: Result,
  ...context: Context
): Exclude<Result, Refusal<keyof W & RefusalName>> {
  if (!isRefused(result)) return result as Exclude<Result, Refusal<keyof W & RefusalName>>;
  const { refused } = result as Refusal;
  throw (words[refused] as (refusal: unknown, ...context: Context) => Error)(result, ...context);
}
