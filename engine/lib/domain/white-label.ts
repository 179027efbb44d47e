import { createCipheriv } from 'node:crypto';
import type { PublicKeys } from '../crypto/keys.js';
import { LETTERS_AND_DIGITS, randomText } from '../crypto/random.js';
import { encryptFor } from '../crypto/rsa.js';
import type { Data } from '../data/data.js';
import type { AppRecord } from '../data/ports/apps.js';
import { LaunchKeyEngineError } from '../errors.js';
import type { Pairings } from './pairings.js';
import { Reason, Refusal } from './refusal.js';
import { nameFault, newDeviceId, type Users } from './users.js';

export interface WhiteLabelDependencies {
  data: Data;
  users: Users;
  pairings: Pairings;
  publicKeys: PublicKeys;
}

/** Users that an application brings itself, and the pairing that gives them a device. */
export class WhiteLabel {
  private readonly with: WhiteLabelDependencies;

  constructor(dependencies: WhiteLabelDependencies) {
    this.with = dependencies;
  }

  /**
   * Creates the application's user of that identifier, or a new code for the one that exists: a lost
   * phone must not lose the account. What it returns is encrypted for the application.
   */
  async create(app: AppRecord, identifier: string): Promise<{ cipher: string; data: string }> {
    const fault = nameFault(identifier);
    if (fault) throw new Refusal(Reason.incorrectData, { identifier: fault });
    const user = await this.with.users.whiteLabel(app, identifier);
    const { qrcode, code } = await this.with.pairings.offer(user.id);
    const text = JSON.stringify({ qrcode, code });
    return encryptAnswer(text, (data) => encryptFor(this.publicKey(app), data));
  }

  /** Pairs the virtual device by a code; each code works once. Returns the user's name. */
  async pair(code: string): Promise<string> {
    const { data, pairings } = this.with;
    const pairing = await pairings.take(String(code));
    if (pairing === 'too many') {
      throw new LaunchKeyEngineError(
        'ENGINE_LIMIT',
        'Too many codes have been tried: wait a minute.',
      );
    }
    const user = pairing === 'unknown' ? undefined : await data.users.get(pairing.userId);
    if (!user) {
      throw new LaunchKeyEngineError(
        'ENGINE_UNKNOWN_CODE',
        'This code is not known: it may have been mistyped, used already, or be more than ten minutes old.',
      );
    }
    if (!(await data.users.setVirtualDevice(user.id, user.deviceId ?? newDeviceId()))) {
      throw new LaunchKeyEngineError(
        'ENGINE_NO_VIRTUAL_DEVICE',
        'This user has paired a device: there is no virtual one beside it.',
      );
    }
    return user.username;
  }

  private publicKey(app: AppRecord) {
    return this.with.publicKeys.get(app.publicKey);
  }
}

/**
 * Key and IV are ASCII, since Python reads them as text, and the data is padded with blanks, since
 * PKCS#7 and NUL break Python and Java. 32 characters of 62 are 190 bits of key.
 */
function encryptAnswer(
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
