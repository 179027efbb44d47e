import {
  EngineError,
  ExpiredAuthRequestError,
  InvalidCredentialsError,
  InvalidRequestError,
  InvalidSignatureError,
  type LaunchKeyError,
  type LaunchKeyErrorDetails,
  NoPairedDevicesError,
  NoSuchUserError,
  RateLimitExceededError,
  UnknownAuthRequestError,
} from '../errors.js';

/** The code with which an engine says that the user has not answered yet. */
export const PENDING = 70403;

type ErrorClass = new (message: string, details: LaunchKeyErrorDetails) => LaunchKeyError;

interface Meaning {
  type: ErrorClass;
  text: string;
}

const meaning = (type: ErrorClass, text: string): Meaning => ({ type, text });

const incorrectData = meaning(InvalidRequestError, 'the data of the call is incorrect');
const credentials = meaning(InvalidCredentialsError, 'app key and secret key are not accepted');
const signature = meaning(InvalidSignatureError, 'the signature does not match');
const malformed = meaning(InvalidRequestError, 'the structure of the call is malformed');
const stale = meaning(ExpiredAuthRequestError, 'the time stamp of the call is stale');
const unknown = meaning(UnknownAuthRequestError, 'there is no such auth request');
const expired = meaning(ExpiredAuthRequestError, 'the auth request has expired');

/** The meanings of `auths`, by the last two digits: other calls use the same ones. */
const shared = new Map<number, Meaning>([
  [21, incorrectData],
  [22, credentials],
  [23, meaning(InvalidCredentialsError, 'the application could not be verified')],
  [24, meaning(NoPairedDevicesError, 'the user has no paired device')],
  [25, meaning(InvalidCredentialsError, 'the app key is invalid')],
  [26, meaning(NoSuchUserError, 'there is no such user')],
  [28, signature],
  [29, credentials],
  [31, stale],
  [32, signature],
  [33, meaning(InvalidRequestError, 'the secret key could not be decrypted')],
  [34, malformed],
  [35, meaning(InvalidCredentialsError, 'the application is disabled')],
  [36, meaning(RateLimitExceededError, 'too many requests')],
  [37, malformed],
]);

/** `logs` numbers the same things 20 higher, and has a few of its own. */
const own = new Map<number, Meaning>([
  ...[50442, 50443, 50444, 50445, 50447, 50449].map((code) => [code, credentials] as const),
  ...[50448, 50452, 50453].map((code) => [code, signature] as const),
  [50441, incorrectData],
  [50446, meaning(InvalidRequestError, 'the auth request does not belong to a session')],
  [50451, stale],
  [50454, malformed],
  [50455, meaning(EngineError, 'the engine is inconsistent')],
  [50456, unknown],
  [50457, incorrectData],
  [60401, incorrectData],
  [70401, incorrectData],
  [70402, unknown],
  [70404, expired],
]);

/** Makes the error that belongs to an engine's message code. An unknown code is an `EngineError`. */
export function errorForCode(code: number, details: LaunchKeyErrorDetails): LaunchKeyError {
  const { type, text } = own.get(code) ?? shared.get(code % 100) ?? fallback;
  const words = details.engineMessage ? `: ${details.engineMessage}` : '';
  return new type(`The engine refused the call (${code}, ${text})${words}`, {
    ...details,
    messageCode: code,
  });
}

const fallback = meaning(EngineError, 'a code without a meaning here');

/** Whether a code says that a call failed: of the codes in use, all but 10220, which is a success. */
export function isErrorCode(code: number): boolean {
  return code >= 40_000 && code < 100_000;
}

/** Whether the code says that the time stamp is stale: `…31` on every call, 50451 on `logs`. */
export function isStaleStamp(code: number | undefined): boolean {
  return code === 50451 || (code !== undefined && code % 100 === 31);
}

/**
 * Whether a new ping may cure the error: a stale stamp, or an envelope made with a key that has
 * been rotated (`…31` to `…34`, and the same on `logs`, 50451 to 50454).
 */
export function isCuredByPing(code: number | undefined): boolean {
  if (code === undefined) return false;
  const digits = code >= 50441 && code <= 50457 ? code - 50420 : code % 100;
  return digits >= 31 && digits <= 34;
}
