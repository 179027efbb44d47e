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
import { quote } from './redaction.js';

/** The code with which an engine says that the user has not answered yet. */
export const PENDING = 70403;

type ErrorClass = new (message: string, details: LaunchKeyErrorDetails) => LaunchKeyError;

interface Meaning {
  type: ErrorClass;
  /** What is wrong, as part of a sentence. */
  text: string;
  /** What the caller can do, as a sentence. */
  advice: string;
}

const meaning = (type: ErrorClass, text: string, advice: string): Meaning => ({
  type,
  text,
  advice,
});

const CHECK_ARGUMENTS = 'Check the arguments of the call.';
const CHECK_KEYS = 'Check appKey and secretKey.';
const CHECK_PRIVATE_KEY = 'Check that privateKey belongs to the application.';
const REPORT = 'Report this to the maintainers.';
const NEW_REQUEST = 'Start a new auth request.';

const incorrectData = meaning(InvalidRequestError, 'incorrect data', CHECK_ARGUMENTS);
const credentials = meaning(
  InvalidCredentialsError,
  'app key and secret key are not accepted',
  CHECK_KEYS,
);
const signature = meaning(InvalidSignatureError, 'the signature does not match', CHECK_PRIVATE_KEY);
const malformed = meaning(InvalidRequestError, 'malformed structure', REPORT);
const stale = meaning(
  ExpiredAuthRequestError,
  'the time stamp is stale',
  "Check the engine's clock.",
);
const unknown = meaning(UnknownAuthRequestError, 'no such auth request', NEW_REQUEST);
const expired = meaning(ExpiredAuthRequestError, 'the auth request has expired', NEW_REQUEST);

/** The codes of `auths` by their last two digits, which other calls share. */
const byLastTwoDigits = new Map<number, Meaning>([
  [21, incorrectData],
  [22, credentials],
  [23, meaning(InvalidCredentialsError, 'the application is not verified', CHECK_KEYS)],
  [24, meaning(NoPairedDevicesError, 'the user has no paired device', 'Pair a device first.')],
  [25, meaning(InvalidCredentialsError, 'invalid app key', 'Check appKey.')],
  [26, meaning(NoSuchUserError, 'no such user', 'Check the user name.')],
  [28, signature],
  [29, credentials],
  [31, stale],
  [32, signature],
  [33, meaning(InvalidRequestError, 'the secret key does not decrypt', REPORT)],
  [34, malformed],
  [
    35,
    meaning(
      InvalidCredentialsError,
      'the application is disabled',
      "Ask the engine's operator to enable it.",
    ),
  ],
  [36, meaning(RateLimitExceededError, 'too many requests', 'Try again later.')],
  [37, malformed],
]);

/** `logs` uses numbers that are higher by 20, and some codes have a meaning of their own. */
const byCode = new Map<number, Meaning>([
  ...[50442, 50443, 50444, 50445, 50447, 50449].map((code) => [code, credentials] as const),
  ...[50448, 50452, 50453].map((code) => [code, signature] as const),
  [50441, incorrectData],
  [
    50446,
    meaning(
      InvalidRequestError,
      'the auth request belongs to no session',
      'Report it once, after the user has answered.',
    ),
  ],
  [50451, stale],
  [50454, malformed],
  [50455, meaning(EngineError, 'the engine is inconsistent', "Ask the engine's operator.")],
  [50456, unknown],
  [50457, incorrectData],
  [60401, incorrectData],
  [70401, incorrectData],
  [70402, unknown],
  [70404, expired],
]);

const unlisted = meaning(
  EngineError,
  'a code without a known meaning',
  "Ask the engine's operator.",
);

/** Makes the error that belongs to a message code. An unknown code becomes an `EngineError`. */
export function errorForCode(code: number, details: LaunchKeyErrorDetails): LaunchKeyError {
  const { type, text, advice } = byCode.get(code) ?? byLastTwoDigits.get(code % 100) ?? unlisted;
  const reason = `${code}, ${text}`;
  return new type(
    `The engine refused the call (${reason})${quote(details.engineMessage)}. ${advice}`,
    { ...details, messageCode: code },
  );
}

/** Whether a code means failure. Of the codes in use, only 10220 means success. */
export function isErrorCode(code: number): boolean {
  return code >= 40_000 && code < 100_000;
}

/** Whether a code means that the time stamp is stale: `…31` of each call, and 50451 of `logs`. */
export function isStaleStamp(code: number | undefined): boolean {
  return code === 50451 || (code !== undefined && code % 100 === 31);
}

/**
 * Whether a new ping may help: the stamp is stale, or the envelope was made with a key that has been
 * rotated (`…31` to `…34` of each call, and 50451 to 50454 of `logs`).
 */
export function isCuredByPing(code: number | undefined): boolean {
  if (code === undefined) return false;
  const digits = code >= 50441 && code <= 50457 ? code - 50420 : code % 100;
  return digits >= 31 && digits <= 34;
}
