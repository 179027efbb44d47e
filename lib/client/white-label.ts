// Imported: the global of a test environment such as an old jsdom has no `canParse`.
import { URL } from 'node:url';
import { decryptAes } from '../crypto/aes.js';
import type { OaepDecrypter } from '../crypto/rsa.js';
import {
  EngineError,
  InvalidRequestError,
  InvalidResponseError,
  LaunchKeyError,
} from '../errors.js';
import { decodeBase64 } from '../util/base64.js';
import { isLoopback } from '../util/loopback.js';
import { parseTime } from '../util/time.js';
import type { CallOptions } from './call-options.js';
import { type Members, parseObject } from './response.js';

/** What a user of a white label directory needs to pair a device. */
export interface WhiteLabelUser {
  /** The URL of the image of a QR code. */
  qrcode: string;
  /** The same code as text, to be typed. */
  code: string;
  /**
   * The pairing link, for a page that is open on the phone itself. `undefined` if the engine names no
   * link, or none over https or at a loopback address.
   */
  url?: string | undefined;
}

/** A device that a user of a white label directory has paired. */
export interface WhiteLabelDevice {
  /** The engine's name of the device. */
  id: string;
  /** The name that the user gave it. */
  name: string;
  /** When it was paired, by the engine's clock. */
  pairedAt: Date;
}

/** What {@link LaunchKeyClient.whiteLabelDevices} changes before it returns the devices. */
export interface WhiteLabelDevicesOptions extends CallOptions {
  /** The id of a device to unpair. Default: no device. */
  unpair?: string | undefined;
  /** The id and the new name, of 1 to 50 characters, of a device. Default: no device. */
  rename?: { id: string; name: string } | undefined;
}

const MAX_DEVICES = 1000;
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
  const { qrcode, code, url } = (text && parseObject(text)) || {};
  if (typeof qrcode === 'string' && typeof code === 'string') {
    return isSafeLink(url) ? { qrcode, code, url } : { qrcode, code };
  }
  throw new InvalidResponseError(
    'The new user does not decrypt to a QR code and a code. Check that privateKey belongs to the application.',
  );
}

/** The link carries a secret and leads to a page with keys, so it must not be plain http. */
function isSafeLink(url: unknown): url is string {
  if (typeof url !== 'string' || !URL.canParse(url)) return false;
  const { protocol, hostname } = new URL(url);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

/** The feature of engines that know `POST /users/devices`. */
export const DEVICES_FEATURE = 'white_label_devices';

/** The error for an engine without {@link DEVICES_FEATURE}. */
export function devicesUnknown(): EngineError {
  return new EngineError(
    `The engine cannot list the devices of white label users: its ping does not name ${DEVICES_FEATURE}. Update the engine.`,
  );
}

/**
 * Reads the response to `POST /users/devices`.
 *
 * @throws InvalidResponseError when it is no list of devices.
 */
export function readDevices({ devices }: Members): WhiteLabelDevice[] {
  if (!Array.isArray(devices) || devices.length > MAX_DEVICES) throw noDevices();
  return devices.map(({ id, name, paired_at }: Members) => {
    const pairedAt = parseTime(paired_at);
    if (typeof id !== 'string' || typeof name !== 'string' || !pairedAt) throw noDevices();
    return { id, name, pairedAt };
  });
}

function noDevices(): InvalidResponseError {
  return new InvalidResponseError(
    'The response to /users/devices is not a list of devices. Check that apiBaseUrl leads to the engine.',
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
