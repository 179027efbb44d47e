import { type Refusal, resultOrThrow, type Words } from '../../domain/refusals.js';
import { NAME_RULE } from '../../domain/users.js';
import {
  type Call,
  CallRefusal,
  EXPIRED,
  incorrectParameter,
  NO_PENDING_REQUEST,
  NOT_A_SESSION,
  REASON,
  UNKNOWN_AUTH_REQUEST,
} from './call-refusal.js';

const NOT_A_SESSION_WHY: Record<Refusal<'not_a_session'>['why'], string> = {
  ended: 'It has ended or expired.',
  unanswered: 'The user has not answered it.',
  answered: 'The user has answered it.',
  denied: 'The user denied it.',
  transaction: 'It was a transaction.',
  ended_by_user: 'The user has ended the session.',
};

const NAME_PROBLEM: Record<Refusal<'invalid_name'>['problem'], string> = {
  missing: 'It is missing.',
  too_long: `It is too long. It must have ${NAME_RULE}.`,
  characters: `Invalid character used. It must have ${NAME_RULE}.`,
};

/** The outcomes of the domain in the words of the v1 API, for application developers. */
const WORDS = {
  invalid_name: ({ member, problem }) => incorrectParameter(member, NAME_PROBLEM[problem]),
  unknown_device: () => incorrectParameter('id', 'This user has no device with this id.'),
  invalid: ({ member, expected }) => incorrectParameter(member, `It must be ${expected}.`),
  token_taken: () => incorrectParameter('auth_request', 'This token was used before.'),
  unknown_user: () => new CallRefusal(REASON.unknownUser, 'There is no such user.'),
  no_device: () => new CallRefusal(REASON.noDevice, 'This user has no paired device.'),
  too_many_users: () =>
    new CallRefusal(
      REASON.tooMany,
      'This application has the maximum number of white label users.',
    ),
  paused: ({ retryAfterMs }) =>
    new CallRefusal(REASON.tooMany, 'Requests to this user are paused.', retryAfterMs),
  rate_limited: ({ retryAfterMs }) =>
    new CallRefusal(REASON.tooMany, 'Too many requests for this user.', retryAfterMs),
  too_many_open: ({ retryAfterMs }) =>
    new CallRefusal(REASON.tooMany, 'Too many requests of this user are open.', retryAfterMs),
  too_many_failed_calls: ({ retryAfterMs }) =>
    new CallRefusal(
      REASON.tooMany,
      'Too many calls from this address were refused. Try again later.',
      retryAfterMs,
    ),
  unknown_request: (_refusal, call) =>
    call === 'poll'
      ? new CallRefusal(NO_PENDING_REQUEST, 'There is no pending request.')
      : new CallRefusal(UNKNOWN_AUTH_REQUEST, 'This auth request is not known.'),
  expired: () => new CallRefusal(EXPIRED, 'The auth request has expired or its session has ended.'),
  not_a_session: ({ why }) =>
    new CallRefusal(
      NOT_A_SESSION,
      `This auth request does not correlate to a session. ${NOT_A_SESSION_WHY[why]}`,
    ),
  unknown_app: () =>
    new CallRefusal(REASON.unknownApp, 'There is no application with this app_key.'),
  app_disabled: () => new CallRefusal(REASON.appDisabled, 'This application is disabled.'),
  signature_mismatch: ({ problem }) =>
    new CallRefusal(
      REASON.signatureMismatch,
      problem === 'not_base64'
        ? 'The secret_key is not base64.'
        : 'The signature does not match. Sign with the private key of this application.',
    ),
  signature_unreadable: ({ bytes }) =>
    new CallRefusal(
      REASON.signatureUnreadable,
      `The signature is not base64 of the ${bytes} bytes that the application's key makes.`,
    ),
  not_decryptable: () =>
    new CallRefusal(
      REASON.notDecryptable,
      'The secret_key does not decrypt. Ping, and encrypt for the key that ping returns.',
    ),
  malformed_secret: () =>
    new CallRefusal(
      REASON.malformedSecret,
      'The decrypted secret_key is not {"secret": "…", "stamped": "YYYY-MM-DD HH:MM:SS"}.',
    ),
  stale_stamp: () =>
    new CallRefusal(
      REASON.staleStamp,
      "The stamp is too old or too far ahead. Ping, and stamp with the engine's time.",
    ),
  wrong_secret: () =>
    new CallRefusal(REASON.wrongSecret, 'The secret is not the one of this application.'),
} satisfies Words<[Call]>;

/** Returns a result that is no refusal, and throws a refusal. */
export function orRefuse<Result>(call: Call, result: Result) {
  return resultOrThrow(WORDS, result, call);
}
