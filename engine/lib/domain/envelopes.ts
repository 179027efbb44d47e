import { decodeBase64 } from '../crypto/base64.js';
import { sha256 } from '../crypto/digest.js';
import { modulusBytes, type PublicKeys } from '../crypto/keys.js';
import { verifySignature } from '../crypto/rsa.js';
import { SecretChecks } from '../crypto/secret-hash.js';
import type { Data } from '../data/data.js';
import type { AppRecord } from '../data/ports/apps.js';
import { BoundedMap } from '../util/bounded-map.js';
import { parseTime } from '../util/time.js';
import { validCredentials } from './credentials.js';
import type { PingKeys } from './ping-keys.js';
import { Reason, Refusal } from './refusal.js';
import { parseSecretText } from './secret-text.js';
import { type Stamped, Stamps } from './stamps.js';
import { UsedPingKeys } from './used-ping-keys.js';

/** What every call but ping carries to say which application it is from. */
export interface Envelope {
  appKey: string;
  secretKey: string;
  signature: string;
}

interface Signed {
  ciphertext: Buffer;
  publicKey: string;
}

interface Checked extends Stamped {
  secretHash: string;
  publicKey: string;
  pingKey: string;
}

/**
 * Checks envelopes. The order shows in the message codes and protects the engine: the signature
 * comes first, so that nobody but the holder of an application's key can have anything decrypted.
 *
 * Nothing binds an envelope to one call and clients send the same one with all calls of a second.
 * So what was once found good is remembered by its hash for as long as its stamp is fresh.
 */
export class Envelopes {
  private readonly data: Data;
  private readonly pingKeys: PingKeys;
  private readonly publicKeys: PublicKeys;
  private readonly clock: () => number;
  private readonly secrets = new SecretChecks();
  private readonly stamps: Stamps;
  private readonly usedPingKeys: UsedPingKeys;
  private readonly checked = new BoundedMap<string, Promise<Checked>>(10_000);

  constructor(
    data: Data,
    pingKeys: PingKeys,
    publicKeys: PublicKeys,
    clock: () => number,
    usedPingKeys = new UsedPingKeys(data, pingKeys, clock),
  ) {
    this.data = data;
    this.pingKeys = pingKeys;
    this.publicKeys = publicKeys;
    this.clock = clock;
    this.stamps = new Stamps(clock);
    this.usedPingKeys = usedPingKeys;
  }

  /**
   * The application that made the envelope, with the key that it was made by: answers to it are
   * encrypted for that one. Throws a {@link Refusal} in any doubt.
   */
  async check(envelope: Envelope): Promise<AppRecord> {
    const app = await this.app(envelope.appKey);
    const hash = sha256(`${envelope.appKey}\n${envelope.secretKey}\n${envelope.signature}`);
    // All calls that come while the first is being checked wait for that one check.
    let checking = this.checked.get(hash);
    if (!checking) {
      // Signed at least, or strangers could push what is remembered out with what is refused anyway.
      checking = this.open(app, this.signed(app, envelope));
      this.checked.set(hash, checking);
      checking.catch(() => this.checked.delete(hash));
    }
    const checked = await checking;
    if (!this.stillHolds(checked, app)) {
      this.checked.delete(hash);
      // Made with keys that are not in use any more: say so by checking it anew.
      await this.open(app, this.signed(app, envelope));
    }
    return await this.admit(app, checked);
  }

  /** The same for `POST /users`, whose signature is over the whole body. Too rare to remember. */
  async checkBody(envelope: Envelope, body: Uint8Array): Promise<AppRecord> {
    const app = await this.app(envelope.appKey);
    const publicKey = this.verifySignature(app, body, envelope.signature);
    const ciphertext = this.ciphertext(envelope.secretKey);
    if (!ciphertext) throw notDecryptable();
    return await this.admit(app, await this.open(app, { ciphertext, publicKey }));
  }

  /** An application that was let in a while ago, as it is now. */
  async readmit({ appKey }: AppRecord): Promise<AppRecord> {
    const app = await this.app(appKey);
    refuseDisabled(app);
    return app;
  }

  /** To be called often: see {@link Stamps.count}. */
  countTime(): void {
    this.stamps.count();
  }

  private async app(appKey: string): Promise<AppRecord> {
    const app = await this.data.apps.get(appKey);
    if (!app) throw new Refusal(Reason.unknownApp, 'There is no application with this app_key.');
    return app;
  }

  /** The ciphertext, which the application has signed. */
  private signed(app: AppRecord, envelope: Envelope): Signed {
    const ciphertext = this.ciphertext(envelope.secretKey);
    // The signature is over these bytes: without them there is nothing that it could match.
    if (!ciphertext) {
      throw new Refusal(Reason.signatureMismatch, 'The secret_key is not base64.');
    }
    return { ciphertext, publicKey: this.verifySignature(app, ciphertext, envelope.signature) };
  }

  /** The application's key that has made the signature. */
  private verifySignature(app: AppRecord, data: Uint8Array, text: string): string {
    const bytes = modulusBytes(this.publicKeys.get(app.publicKey));
    const signature = decodeBase64(text, bytes);
    if (!signature) {
      throw new Refusal(
        Reason.signatureUnreadable,
        `The signature is not base64 of the ${bytes} bytes that the application's key makes.`,
      );
    }
    const keys = new Set(validCredentials(app, this.clock()).map((one) => one.publicKey));
    for (const publicKey of keys) {
      if (verifySignature(data, this.publicKeys.get(publicKey), signature)) return publicKey;
    }
    throw new Refusal(
      Reason.signatureMismatch,
      'The signature does not match: sign with the private key of this application.',
    );
  }

  /** The hash of the secret that goes with this key, if it is the right one. */
  private async matchSecret(
    app: AppRecord,
    publicKey: string,
    secret: string,
  ): Promise<string | undefined> {
    for (const one of validCredentials(app, this.clock())) {
      if (one.publicKey !== publicKey) continue;
      if (await this.secrets.matches(secret, one.secretHash)) return one.secretHash;
    }
    return undefined;
  }

  private ciphertext(text: string): Buffer | undefined {
    return decodeBase64(text, this.pingKeys.ciphertextBytes) ?? decodeBase64(text);
  }

  private async open(app: AppRecord, { ciphertext, publicKey }: Signed): Promise<Checked> {
    const opened = await this.pingKeys.decrypt(ciphertext);
    if (!opened) throw notDecryptable();
    const text = parseSecretText(opened.plaintext.toString('utf8'));
    const stamped = text && parseTime(text.stamped);
    if (!text || stamped === undefined) {
      throw new Refusal(
        Reason.malformedSecret,
        'The decrypted secret_key is not {"secret": "…", "stamped": "YYYY-MM-DD HH:MM:SS"}.',
      );
    }
    const envelope = { stamped, name: nameOf(app, ciphertext) };
    this.checkStamp(app, envelope);
    const secretHash = await this.matchSecret(app, publicKey, text.secret);
    if (secretHash === undefined) {
      throw new Refusal(Reason.wrongSecret, 'The secret is not the one of this application.');
    }
    return { ...envelope, secretHash, publicKey, pingKey: opened.fingerprint };
  }

  private checkStamp(app: AppRecord, envelope: Stamped): void {
    this.stamps.check(envelope, { strict: app.strictStamps ?? false });
  }

  private stillHolds(checked: Checked, app: AppRecord): boolean {
    const valid = validCredentials(app, this.clock()).some(
      ({ secretHash, publicKey }) =>
        checked.secretHash === secretHash && checked.publicKey === publicKey,
    );
    return valid && this.pingKeys.accepts(checked.pingKey);
  }

  private async admit(app: AppRecord, checked: Checked): Promise<AppRecord> {
    this.checkStamp(app, checked);
    this.stamps.note(checked);
    refuseDisabled(app);
    await this.usedPingKeys.note(app, checked.pingKey);
    return { ...app, publicKey: checked.publicKey };
  }
}

/** By its ciphertext, which is signed: base64 can be written in many ways. */
function nameOf({ appKey }: AppRecord, ciphertext: Uint8Array): string {
  return sha256(Buffer.concat([Buffer.from(appKey), ciphertext]));
}

function refuseDisabled(app: AppRecord): void {
  if (app.disabled) throw new Refusal(Reason.appDisabled, 'This application is disabled.');
}

function notDecryptable(): Refusal {
  return new Refusal(
    Reason.notDecryptable,
    'The secret_key does not decrypt: ping, and encrypt for the key that it returns.',
  );
}
