import { resultOrThrow, type Words } from '../../domain/refusals.js';
import { NAME_RULE } from '../../domain/users.js';
import type { EngineErrorCode } from '../../errors.js';

/** A refused request of the demo page. The page shows the message to its user. */
export class DemoError extends Error {
  readonly status: number;
  readonly code: EngineErrorCode;

  constructor(status: number, code: EngineErrorCode, message: string) {
    super(message);
    this.name = 'DemoError';
    this.status = status;
    this.code = code;
  }
}

const error = (status: number, code: EngineErrorCode, message: string) => (): DemoError =>
  new DemoError(status, code, message);

export const unknownUser = error(404, 'ENGINE_UNKNOWN_USER', 'There is no user of this name.');
export const unknownApp = error(404, 'ENGINE_UNKNOWN_APP', 'There is no such application.');
export const unknownRequest = error(
  404,
  'ENGINE_UNKNOWN_REQUEST',
  'This request is no longer open.',
);

export function invalidMember(member: string, expected: string): DemoError {
  return new DemoError(400, 'ENGINE_INVALID_OPTION', `${member} must be ${expected}.`);
}

/** The outcomes of the domain in the words of the demo page, for its user. */
const WORDS = {
  invalid: ({ member, expected }) => invalidMember(member, expected),
  invalid_name: error(400, 'ENGINE_INVALID_OPTION', `A name must have ${NAME_RULE}.`),
  unknown_request: unknownRequest,
  answered: error(409, 'ENGINE_REQUEST_ANSWERED', 'This request was answered already.'),
  expired: error(410, 'ENGINE_REQUEST_EXPIRED', 'This request has expired. Log in again.'),
  withdrawn: error(410, 'ENGINE_REQUEST_WITHDRAWN', 'This request was cancelled in the browser.'),
  denial_only: error(
    400,
    'ENGINE_DENIAL_ONLY',
    'A wrong number was given. You can only deny this request.',
  ),
  number_required: error(
    400,
    'ENGINE_NUMBER_REQUIRED',
    'Give the number that you see where you log in.',
  ),
  no_virtual_device: error(
    400,
    'ENGINE_NO_VIRTUAL_DEVICE',
    'This user has no virtual device. Answer on the paired phone.',
  ),
  virtual_devices_off: error(
    400,
    'ENGINE_NO_VIRTUAL_DEVICE',
    'Virtual devices are off. Answer on the paired phone.',
  ),
  unknown_code: error(
    404,
    'ENGINE_UNKNOWN_CODE',
    'This code is mistyped, was used, or has expired.',
  ),
  too_many_codes: error(429, 'ENGINE_LIMIT', 'Too many invalid codes. Try again in a minute.'),
} satisfies Words;

/** Returns a result that is no refusal, and throws a refusal. */
export function orRefuse<Result>(result: Result) {
  return resultOrThrow(WORDS, result);
}
