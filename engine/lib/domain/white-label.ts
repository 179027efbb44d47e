import { createCipheriv } from 'node:crypto';
import { sha256 } from '../crypto/digest.js';
import type { PublicKeys } from '../crypto/keys.js';
import { LETTERS_AND_DIGITS, randomText, TYPEABLE } from '../crypto/random.js';
import { encryptFor } from '../crypto/rsa.js';
import type { AppRecord } from '../data/records.js';
import type { Repository } from '../data/repository.js';
import { LaunchKeyEngineError } from '../errors.js';
import { Reason, Refusal } from './refusal.js';
import { nameFault, newDeviceId, type Users } from './users.js';

/** How long a pairing code can be used. */
const CODE_LIFE = 15 * 60_000;

export interface WhiteLabelDependencies {
  repository: Repository;
  users: Users;
  publicKeys: PublicKeys;
  clock: () => number;
  /** The address under which devices reach the engine, without a slash at its end. */
  publicUrl: () => string;
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
    const code = randomText(8, TYPEABLE);
    const image = randomText(32, LETTERS_AND_DIGITS);
    const publicUrl = this.with.publicUrl();
    await this.with.repository.putPairing({
      codeHash: sha256(code),
      userId: user.id,
      imageHash: sha256(image),
      // In the fragment, which no server or proxy gets to see.
      content: `${publicUrl}/authenticator/#code=${code}`,
      expiresAt: this.with.clock() + CODE_LIFE,
    });
    const text = JSON.stringify({ qrcode: `${publicUrl}/pairing/${image}.png`, code });
    return encryptAnswer(text, (data) => encryptFor(this.publicKey(app), data));
  }

  /** Pairs the virtual device by a code; each code works once. Returns the user's name. */
  async pair(code: string): Promise<string> {
    const { repository, clock } = this.with;
    const typed = String(code).toUpperCase().replace(/[\s-]/g, '');
    const pairing = await repository.takePairing(sha256(typed), clock());
    const user = pairing && (await repository.user(pairing.userId));
    if (!user) {
      throw new LaunchKeyEngineError(
        'ENGINE_UNKNOWN_CODE',
        'This code is not known: it may have been mistyped, used already, or be more than 15 minutes old.',
      );
    }
    await repository.setDevice(user.id, user.deviceId ?? newDeviceId());
    return user.username;
  }

  /** What the QR image of this name shows, for as long as its code works. */
  async imageContent(image: string): Promise<string | undefined> {
    const { repository, clock } = this.with;
    return (await repository.pairingByImage(sha256(image), clock()))?.content;
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
