import type { OaepDecrypter } from '../crypto/rsa.js';
import { InvalidResponseError } from '../errors.js';
import { decodeBase64 } from '../util/base64.js';
import { type Members, parseObject } from './reply.js';

/** What the user's device says in an auth package. */
export interface AuthPackage {
  /** The auth request that it answers. Nobody has checked yet that it is the one asked about. */
  authRequest: string;
  /** Whether the user approved. */
  response: boolean;
  deviceId?: string;
  appPins?: string;
  /** Why the user or the engine denied: `disapproved`, `fraudulent`, `policy`, `number`, `expired`. */
  reason?: string;
}

// An RSA key of 16,384 bits encrypts to 2,048 bytes.
const MAX_BYTES = 2048;

/**
 * Decrypts an auth package. It is signed by nobody: whoever has the application's public key can
 * make one, so it means nothing but together with the channel it came by.
 *
 * @throws InvalidResponseError when it does not decrypt, or to nothing of the known shape.
 */
export async function openAuthPackage(
  auth: string,
  decrypter: OaepDecrypter,
): Promise<AuthPackage> {
  const ciphertext = decodeBase64(auth, MAX_BYTES);
  if (!ciphertext) throw new InvalidResponseError('The auth package is not base64');
  let text: string;
  try {
    text = (await decrypter.decrypt(ciphertext)).toString('utf8');
  } catch {
    throw new InvalidResponseError('The auth package does not decrypt with the private key');
  }
  // Neither the text nor a parser's complaint, which quotes it, may end in an error.
  const members = parseObject(text);
  const opened = members && readMembers(members);
  if (!opened) throw new InvalidResponseError('The auth package has an unknown shape');
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
  if (typeof reason === 'string' && reason !== '') opened.reason = reason.slice(0, 64);
  return opened;
}

/** Old engines say `action` instead of `response`. Only a `true`, in whatever case, is a yes. */
function readResponse(value: unknown): boolean | null {
  if (typeof value === 'boolean') return value;
  return typeof value === 'string' ? value.toLowerCase() === 'true' : null;
}

const isText = (value: unknown) =>
  (typeof value === 'string' && value !== '') || typeof value === 'number';
