import { resultOrThrow, type Words } from './domain/refusals.js';
import { NAME_RULE } from './domain/users.js';
import { type EngineErrorCode, LaunchKeyEngineError } from './errors.js';

const error = (code: EngineErrorCode, message: string) => (): LaunchKeyEngineError =>
  new LaunchKeyEngineError(code, message);

export function unknownUser(username: string): LaunchKeyEngineError {
  return new LaunchKeyEngineError(
    'ENGINE_UNKNOWN_USER',
    `There is no user named ${JSON.stringify(username)}.`,
  );
}

export function unknownApp(appKey: string): LaunchKeyEngineError {
  return new LaunchKeyEngineError(
    'ENGINE_UNKNOWN_APP',
    `There is no application with the app key ${JSON.stringify(appKey)}.`,
  );
}

/**
 * The outcomes of the domain in the words of the program API. The command line prints these messages
 * too, so none names a method. A known auth request is not named: its token is a secret of the
 * application.
 */
const WORDS = {
  invalid: ({ member, expected }) =>
    new LaunchKeyEngineError('ENGINE_INVALID_OPTION', `${member} must be ${expected}.`),
  invalid_name: error('ENGINE_INVALID_OPTION', `A user name must have ${NAME_RULE}.`),
  user_exists: ({ username, similar }) =>
    new LaunchKeyEngineError(
      'ENGINE_USER_EXISTS',
      similar
        ? `A user exists whose name differs from ${JSON.stringify(username)} in case or in the form of its letters only. Choose another name.`
        : `A user named ${JSON.stringify(username)} exists. Choose another name.`,
    ),
  unknown_app: ({ appKey }) => unknownApp(appKey),
  unknown_device: error('ENGINE_UNKNOWN_DEVICE', 'The user has no such device.'),
  unknown_request: error('ENGINE_UNKNOWN_REQUEST', 'There is no open auth request of this token.'),
  answered: error(
    'ENGINE_REQUEST_ANSWERED',
    'This auth request was answered before. The first answer counts.',
  ),
  expired: error(
    'ENGINE_REQUEST_EXPIRED',
    'This auth request has expired. The application must send a new one.',
  ),
  withdrawn: error(
    'ENGINE_REQUEST_WITHDRAWN',
    'The application took this auth request back. It can no longer be answered.',
  ),
  denial_only: error(
    'ENGINE_DENIAL_ONLY',
    'A wrong number was given for this auth request. It can only be denied.',
  ),
  number_required: error(
    'ENGINE_NUMBER_REQUIRED',
    'An approval of this auth request needs { number }, which is shown where the user logs in.',
  ),
  no_virtual_device: error(
    'ENGINE_NO_VIRTUAL_DEVICE',
    'The user has no virtual device. It ends when the user pairs a phone.',
  ),
  virtual_devices_off: error(
    'ENGINE_NO_VIRTUAL_DEVICE',
    'Virtual devices are off, which is the default with a public URL or lasting data. Pair a phone, or set virtualDevices (--virtual-devices).',
  ),
  unknown_code: error(
    'ENGINE_UNKNOWN_CODE',
    'Unknown pairing code: it is mistyped, was used, or is more than ten minutes old.',
  ),
  too_many_codes: error(
    'ENGINE_LIMIT',
    'Too many pairing codes were tried in the last minute. Try again later.',
  ),
} satisfies Words;

/** Returns a result that is no refusal, and throws a refusal. */
export function orThrow<Result>(result: Result) {
  return resultOrThrow(WORDS, result);
}
