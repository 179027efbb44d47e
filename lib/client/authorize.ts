import { InvalidRequestError, InvalidResponseError } from '../errors.js';
import { browserText, type RequestingBrowser } from './browser.js';
import type { CallOptions } from './call-options.js';
import { wireBoolean } from './parameters.js';
import type { Policy } from './policy.js';
import type { Members } from './response.js';

/** The options of `client.authorize()`. */
export interface AuthorizeOptions extends CallOptions {
  /**
   * Whether an approval opens a LaunchKey session, which the user can end on the device. `false` makes
   * the auth request a transaction. Defaults to `true`.
   */
  session?: boolean | undefined;
  /**
   * Whether the answer contains a user push ID, by which the user can be asked again. Defaults to
   * `false`.
   */
  userPushId?: boolean | undefined;
  /**
   * A text that the device shows beside the application's name, of at most 400 UTF-16 units. None by
   * default.
   */
  context?: string | undefined;
  /** What the user must prove, as made by `policy()`. Nothing by default. */
  policy?: Policy | undefined;
  /**
   * A number that the user sees where they log in: two digits, to pick on the device, or six, to type
   * on the device. The context names a number of two digits as well, for engines without number
   * matching. Six digits need an engine whose `ping()` names the feature `number_type`. None by
   * default.
   */
  numberMatch?: number | string | undefined;
  /**
   * The token of the auth request: 32 to 64 random letters and digits that were never used before. It
   * is sent only to engines whose `ping()` names the feature `withdraw`. Compare it with the token that
   * the call returns. By default, the engine chooses the token.
   */
  authRequest?: string | undefined;
  /**
   * The browser that the login comes from. It is sent only to engines whose `ping()` names the
   * feature `browser`. None by default.
   */
  browser?: RequestingBrowser | undefined;
}

// Counted in UTF-16 units, as Java counts them.
const MAX_CONTEXT_LENGTH = 400;

/** @throws InvalidRequestError for an argument that the engine would refuse. */
export function authorizeParameters(
  username: unknown,
  options: AuthorizeOptions,
): Record<string, string> {
  const { session = true, userPushId = false, policy, numberMatch } = options;
  if (typeof username !== 'string' || username.trim() === '') {
    throw new InvalidRequestError('username is missing. Pass a string that is not empty.');
  }
  const context = contextOf(options.context, numberMatch);
  return {
    username,
    session: wireBoolean(session),
    user_push_id: wireBoolean(userPushId),
    ...(context !== undefined && { context }),
    ...(policy !== undefined && { policy: policyText(policy) }),
    ...(numberMatch !== undefined && { number_match: String(numberMatch) }),
  };
}

/** The parameters that describe a browser, for an engine that knows them. */
export function browserParameters(browser: RequestingBrowser): Record<string, string> {
  const text = browserText(browser);
  return text === undefined ? {} : { browser: text };
}

/** Whether the user types the number, which a device must not be told. */
export function isTyped(numberMatch: unknown): boolean {
  return String(numberMatch).length > 2;
}

/** The error of a number to type, for an engine whose devices cannot type. */
export function cannotType(): InvalidRequestError {
  return new InvalidRequestError(
    "The engine's ping does not name the feature number_type, so its devices cannot type a number. Use a number of two digits (numberMatching: 'pick'), or a newer engine.",
  );
}

/** @throws InvalidRequestError for a token that an engine would refuse. */
export function tokenParameters(authRequest: unknown): Record<string, string> {
  if (typeof authRequest === 'string' && /^[A-Za-z0-9]{32,64}$/.test(authRequest)) {
    return { auth_request: authRequest };
  }
  throw new InvalidRequestError(
    'authRequest is not a token. Pass 32 to 64 random letters and digits, or leave it out.',
  );
}

/** Reads the token of the new auth request from the response. */
export function readAuthRequest({ auth_request: token }: Members): string {
  if (typeof token === 'string' && /^[\x21-\x7e]{1,256}$/.test(token)) return token;
  throw new InvalidResponseError(
    'The engine accepted the call, but its answer has no usable auth_request. Check that apiBaseUrl is the address of a LaunchKey v1 engine.',
  );
}

/** Engines without number matching ignore `number_match`, so the context names the number, too. */
function contextOf(context: unknown, numberMatch: unknown): string | undefined {
  if (context !== undefined && typeof context !== 'string') {
    throw new InvalidRequestError(`context is of type ${typeof context}. It must be a string.`);
  }
  if (numberMatch !== undefined && !/^(\d\d|\d{6})$/.test(String(numberMatch))) {
    throw new InvalidRequestError(
      'numberMatch is not a number of two digits, such as 42 or "07", or of six digits.',
    );
  }
  const isPicked = numberMatch !== undefined && !isTyped(numberMatch);
  const number = isPicked ? `Number: ${numberMatch}` : undefined;
  const text = [context, number].filter(Boolean).join('\n');
  if (text.length > MAX_CONTEXT_LENGTH) {
    throw new InvalidRequestError(
      `context has ${text.length} characters, the number included. At most ${MAX_CONTEXT_LENGTH} are allowed. Shorten it.`,
    );
  }
  return text === '' ? undefined : text;
}

function policyText(policy: unknown): string {
  // An engine would read anything else, such as a promise or raw options, as no requirement at all.
  const { minimum_requirements: minimum, factors } = (policy ?? {}) as Partial<Policy>;
  if (!Array.isArray(minimum) || !Array.isArray(factors) || minimum.length + factors.length === 0) {
    throw new InvalidRequestError('policy is not a policy. Pass the result of policy().');
  }
  return JSON.stringify({ minimum_requirements: minimum, factors });
}
