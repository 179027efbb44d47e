import type { OaepDecrypter } from '../crypto/rsa.js';
import { InvalidResponseError, LaunchKeyError } from '../errors.js';
import { decodeBase64 } from '../util/base64.js';
import { type Members, parseObject } from './response.js';

/** The decrypted content of an auth package. */
export interface AuthPackage {
  /** The auth request that it answers. Not yet compared with the one that was asked about. */
  authRequest: string;
  /** Whether the user approved. */
  response: boolean;
  /** The engine's identifier of the device that answered, where the engine sends it. */
  deviceId?: string;
  /** The application PINs that old engines send. */
  appPins?: string;
  /** Why it is a denial: `disapproved`, `fraudulent`, `policy`, `number` or `expired`. */
  reason?: string;
}

/**
 * An auth package after it was compared with the auth request that was asked about. Its declaration
 * stays in the package, because other modules import it.
 */
export interface AuthPackageReading {
  /** Whether it answers that auth request. If not, `authorized` is `false`. */
  belongs: boolean;
  authorized: boolean;
  deviceId?: string;
  reason?: string;
  appPins?: string;
}

// An RSA key of 16,384 bits encrypts to 2,048 bytes.
const MAX_BYTES = 2048;
const MAX_REASON_LENGTH = 64;

/**
 * Decrypts an auth package. It carries no signature: anyone with the application's public key can
 * make one. It is therefore trusted only together with the channel on which it arrived.
 *
 * @throws InvalidResponseError when it does not decrypt, or not to an auth package.
 * @throws LaunchKeyError with the code `'LAUNCHKEY_BUSY'` when too many packages wait for the key.
 */
export async function openAuthPackage(
  auth: string,
  decrypter: OaepDecrypter,
  signal?: AbortSignal,
): Promise<AuthPackage> {
  const ciphertext = decodeBase64(auth, MAX_BYTES);
  if (!ciphertext) {
    throw new InvalidResponseError('The auth package is not base64. Pass auth as it was received.');
  }
  let text: string;
  try {
    text = (await decrypter.decrypt(ciphertext, signal)).toString('utf8');
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (error instanceof LaunchKeyError) throw error;
    throw new InvalidResponseError(
      'The auth package does not decrypt with privateKey. Check that privateKey belongs to the application.',
    );
  }
  // Errors quote neither the text nor the message of a parser, which would quote it.
  const members = parseObject(text);
  const opened = members && readMembers(members);
  if (!opened) {
    throw new InvalidResponseError(
      'The auth package lacks auth_request or response. A LaunchKey v1 device sends both.',
    );
  }
  return opened;
}

function readMembers(members: Members): AuthPackage | null {
  const { auth_request: authRequest, device_id: deviceId, reason } = members;
  const response = readResponse(members.response ?? members.action);
  if (typeof authRequest !== 'string' || authRequest === '' || response === null) return null;
  const opened: AuthPackage = { authRequest, response };
  if (isText(deviceId)) opened.deviceId = String(deviceId);
  const appPins = members.app_pins ?? members.app_Pins;
  if (isText(appPins)) opened.appPins = String(appPins);
  if (typeof reason === 'string' && reason !== '') {
    opened.reason = reason.slice(0, MAX_REASON_LENGTH);
  }
  return opened;
}

/** Old engines send `action` instead of `response`. Only `true`, in any case, is an approval. */
function readResponse(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value;
  return typeof value === 'string' ? value.toLowerCase() === 'true' : null;
}

const isText = (value: unknown) =>
  (typeof value === 'string' && value !== '') || typeof value === 'number';
