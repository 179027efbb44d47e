import { decryptAes } from '../crypto/aes.js';
import type { OaepDecrypter } from '../crypto/rsa.js';
import { InvalidRequestError, InvalidResponseError, LaunchKeyError } from '../errors.js';
import { decodeBase64 } from '../util/base64.js';
import { type Members, parseObject } from './response.js';

/** What a user of a white label directory needs to pair a device. */
export interface WhiteLabelUser {
  /** The URL of the image of a QR code. */
  qrcode: string;
  /** The same code as text, to be typed. */
  code: string;
}

const MAX_CIPHER_BYTES = 2048;
const MAX_DATA_BYTES = 65_536;

/** @throws InvalidRequestError for anything but a string with content. */
export function checkIdentifier(identifier: unknown): void {
  if (typeof identifier !== 'string' || identifier === '') {
    throw new InvalidRequestError('identifier is missing. Pass a string that is not empty.');
  }
}

/**
 * Decrypts the response to `POST /users`: `cipher` holds an AES key and an IV for `data`.
 *
 * @throws InvalidResponseError when it does not decrypt to a QR code and a code.
 */
export async function openWhiteLabelUser(
  members: Members,
  decrypter: OaepDecrypter,
  signal?: AbortSignal,
): Promise<WhiteLabelUser> {
  const text = await decrypt(members, decrypter, signal).catch((error) => {
    if (signal?.aborted) throw signal.reason;
    if (error instanceof LaunchKeyError) throw error;
    return null;
  });
  const { qrcode, code } = (text && parseObject(text)) || {};
  if (typeof qrcode === 'string' && typeof code === 'string') return { qrcode, code };
  throw new InvalidResponseError(
    'The new user does not decrypt to a QR code and a code. Check that privateKey belongs to the application.',
  );
}

async function decrypt(
  { cipher, data }: Members,
  decrypter: OaepDecrypter,
  signal: AbortSignal | undefined,
) {
  const encryptedKey = decodeBase64(cipher, MAX_CIPHER_BYTES);
  const encrypted = decodeBase64(data, MAX_DATA_BYTES);
  if (!encryptedKey || !encrypted) return null;
  return decryptAes(await decrypter.decrypt(encryptedKey, signal), encrypted);
}
