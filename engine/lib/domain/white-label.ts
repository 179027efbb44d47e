import { createCipheriv } from 'node:crypto';
import type { PublicKeys } from '../crypto/keys.js';
import { LETTERS_AND_DIGITS, randomText } from '../crypto/random.js';
import { encryptFor } from '../crypto/rsa.js';
import type { Data } from '../data/data.js';
import type { AppRecord } from '../data/ports/apps.js';
import type { DeviceRecord } from '../data/ports/devices.js';
import type { Devices } from './devices.js';
import type { Pairings } from './pairings.js';
import { isRefused, type Refusal } from './refusals.js';
import { newDeviceId, refuseName, type Users } from './users.js';

export interface WhiteLabelDependencies {
  data: Data;
  users: Users;
  pairings: Pairings;
  devices: Devices;
  publicKeys: PublicKeys;
  virtualDevices: boolean;
}

/** What an application changes on the devices of its white label user. */
export interface DeviceChangeOfApplication {
  /** The id of a device to unpair. */
  unpair?: string | undefined;
  rename?: { id: string; name: string };
}

/** White label users: users that an application creates, and the codes that pair their devices. */
export class WhiteLabel {
  private readonly with: WhiteLabelDependencies;

  constructor(dependencies: WhiteLabelDependencies) {
    this.with = dependencies;
  }

  /**
   * Makes a pairing code for the application's user of this identifier, and creates the user on the
   * first call: a user who loses the phone keeps the account. The result is encrypted for the
   * application.
   */
  async create(
    app: AppRecord,
    identifier: string,
  ): Promise<
    { cipher: string; data: string } | Refusal<'invalid_name' | 'unknown_app' | 'too_many_users'>
  > {
    const refusal = refuseName(identifier, 'identifier');
    if (refusal) return refusal;
    const user = await this.with.users.whiteLabel(app, identifier);
    if (isRefused(user)) return user;
    const { qrcode, code, url } = await this.with.pairings.offer(user.id);
    const text = JSON.stringify({ qrcode, code, url });
    return encryptResult(text, (data) => encryptFor(this.publicKey(app), data));
  }

  /** Returns the devices of the application's user, after the change if there is one. */
  async devices(
    app: AppRecord,
    identifier: string,
    { unpair, rename }: DeviceChangeOfApplication = {},
  ): Promise<DeviceRecord[] | Refusal<'unknown_user' | 'unknown_device' | 'invalid'>> {
    const { users, devices } = this.with;
    const user = await users.whiteLabelUser(app, identifier);
    if (!user) return { refused: 'unknown_user' };
    const refusal =
      (unpair !== undefined && (await devices.unpair(user.id, unpair, 'application'))) ||
      (rename && (await devices.rename(user.id, rename.id, rename.name)));
    return refusal || (await devices.list(user.id));
  }

  /** Gives a user a virtual device by a pairing code, and returns the user's name. */
  async pair(
    code: string,
  ): Promise<
    | { username: string }
    | Refusal<'unknown_code' | 'too_many_codes' | 'no_virtual_device' | 'virtual_devices_off'>
  > {
    const { data, pairings, virtualDevices } = this.with;
    if (!virtualDevices) return { refused: 'virtual_devices_off' };
    const pairing = await pairings.take(String(code));
    if (isRefused(pairing)) return pairing;
    const user = await data.users.get(pairing.userId);
    if (!user) return { refused: 'unknown_code' };
    const deviceId = user.deviceId ?? newDeviceId();
    if (await data.users.setVirtualDevice(user.id, deviceId)) return { username: user.username };
    return { refused: 'no_virtual_device' };
  }

  private publicKey(app: AppRecord) {
    return this.with.publicKeys.get(app.publicKey);
  }
}

/**
 * The key and the IV are ASCII because Python reads them as text, and the data is padded with blanks
 * because PKCS#7 and NUL break Python and Java. 32 characters out of 62 are 190 bits of key.
 */
function encryptResult(
  text: string,
  encrypt: (data: Uint8Array) => Buffer,
): { cipher: string; data: string } {
  const key = randomText(32, LETTERS_AND_DIGITS);
  const iv = randomText(16, LETTERS_AND_DIGITS);
  const length = Math.ceil(Buffer.byteLength(text) / 16) * 16;
  const padded = Buffer.alloc(length, ' ');
  padded.write(text);
  const aes = createCipheriv('aes-256-cbc', key, iv).setAutoPadding(false);
  const data = Buffer.concat([aes.update(padded), aes.final()]).toString('base64');
  return { cipher: encrypt(Buffer.from(key + iv)).toString('base64'), data };
}
