import { resultOrThrow, type Words } from '../../domain/refusals.js';
import { type DeviceCode, DeviceError } from './device-error.js';

const error = (code: DeviceCode, message: string) => (): DeviceError =>
  new DeviceError(code, message);

/**
 * The outcomes of the domain in the words of the device protocol. The code decides what a phone shows;
 * the message is for its developer.
 */
const WORDS = {
  invalid: ({ member, expected }) => new DeviceError('invalid', `${member} must be ${expected}.`),
  unpaired: error('unpaired', 'This device is not paired.'),
  signature: error('signature', 'The signature does not match the request and the key.'),
  clock: ({ now }) =>
    new DeviceError('clock', 'Signature timestamp is outside the allowed clock skew of 60 s.', {
      now,
    }),
  replay: error('replay', 'This request was sent before. Sign it again with a new nonce.'),
  unknown_code: error(
    'unknown_code',
    'Unknown pairing code: it is mistyped, was used, or has expired.',
  ),
  unknown_device: error('unknown_device', 'The user has no such device.'),
  unknown_request: error('unknown_request', 'The user has no such request.'),
  answered: error('answered', 'The request was answered before. The first answer counts.'),
  expired: error('expired', 'The request has expired.'),
  withdrawn: error('withdrawn', 'The application took the request back.'),
  denial_only: error('denial_only', 'A wrong number was given. The request can only be denied.'),
  wrong_number: error('wrong_number', 'Wrong number. The request can only be denied.'),
  policy: ({ missing }) =>
    new DeviceError('policy', `Proofs are missing: ${missing.join(', ')}.`, { missing }),
  key_changed: ({ publicKey }) =>
    new DeviceError(
      'key_changed',
      'The application has a new key. Encrypt the answer for that key.',
      { publicKey },
    ),
  too_many_devices: ({ limit }) =>
    new DeviceError('full', `The user has the maximum of ${limit} devices. Unpair one first.`),
  already_enrolled: ({ factor }) =>
    new DeviceError(
      'enrolled',
      factor === 'pin'
        ? 'A PIN is set, and the proof by it is missing or wrong.'
        : 'A credential is set up. Pair the device again to use another one.',
    ),
  too_many_codes: ({ from, retryAfterMs }) =>
    new DeviceError(
      'too_many',
      from === 'address'
        ? 'Too many invalid pairing codes from this address. Try again later.'
        : 'Too many pairing codes were typed. Try again later, or open the pairing link.',
      { retryAfterMs },
    ),
  too_many_requests: ({ retryAfterMs }) =>
    new DeviceError('too_many', 'This device sends too many requests. Try again later.', {
      retryAfterMs,
    }),
  too_many_failed_calls: ({ retryAfterMs }) =>
    new DeviceError(
      'too_many',
      'Too many requests from this address were refused. Try again later.',
      { retryAfterMs },
    ),
} satisfies Words;

/** Returns a result that is no refusal, and throws a refusal. */
export function orRefuse<Result>(result: Result) {
  return resultOrThrow(WORDS, result);
}
