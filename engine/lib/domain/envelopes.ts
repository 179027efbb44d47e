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
import { isRefused, type Refusal } from './refusals.js';
import { parseSecretText } from './secret-text.js';
import { type Stamped, Stamps } from './stamps.js';
import { UsedPingKeys } from './used-ping-keys.js';

/** The parameters by which every call except ping identifies its application. */
export interface Envelope {
  appKey: string;
  secretKey: string;
  signature: string;
}

/** Why an envelope is not accepted. */
export type EnvelopeRefusal = Refusal<
  | 'unknown_app'
  | 'signature_mismatch'
  | 'signature_unreadable'
  | 'not_decryptable'
  | 'malformed_secret'
  | 'stale_stamp'
  | 'wrong_secret'
  | 'app_disabled'
>;

interface Signed {
  ciphertext: Buffer;
  publicKey: string;
}

interface Checked extends Stamped {
  secretHash: string;
  publicKey: string;
  pingKey: string;
}

/** Envelopes whose check is remembered. */
const MAX_CHECKED = 10_000;

/**
 * Checks envelopes. The order of the checks shows in the message codes and protects the engine: the
 * signature comes first, so that only the holder of an application's key can have anything decrypted.
 *
 * An envelope is not bound to one call, and clients send the same one with all calls of a second. The
 * result of a successful check is remembered by a hash while the stamp is fresh.
 */
export class Envelopes {
  private readonly data: Data;
  private readonly pingKeys: PingKeys;
  private readonly publicKeys: PublicKeys;
  private readonly clock: () => number;
  private readonly secrets = new SecretChecks();
  private readonly stamps: Stamps;
  private readonly usedPingKeys: UsedPingKeys;
  private readonly checked = new BoundedMap<string, Promise<Checked | EnvelopeRefusal>>(
    MAX_CHECKED,
  );

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

  /** Reads the application of the envelope, and checks it by {@link checkFor}. */
  async check(envelope: Envelope): Promise<AppRecord | EnvelopeRefusal> {
    return await this.checkFor(await this.data.apps.get(envelope.appKey), envelope);
  }

  /**
   * Returns the application that made the envelope, with the key that signed it: answers are encrypted
   * for that key. `app` is the one that the envelope names.
   */
  async checkFor(
    app: AppRecord | undefined,
    envelope: Envelope,
  ): Promise<AppRecord | EnvelopeRefusal> {
    if (!app) return { refused: 'unknown_app', appKey: envelope.appKey };
    const checked = await this.checkOnce(app, envelope);
    return isRefused(checked) ? checked : await this.admit(app, checked);
  }

  /** Checks the envelope of `POST /users`, whose signature is over the body. It is not remembered. */
  async checkBody(envelope: Envelope, body: Uint8Array): Promise<AppRecord | EnvelopeRefusal> {
    const app = await this.data.apps.get(envelope.appKey);
    if (!app) return { refused: 'unknown_app', appKey: envelope.appKey };
    const publicKey = this.verifySignature(app, body, envelope.signature);
    if (isRefused(publicKey)) return publicKey;
    const ciphertext = this.ciphertext(envelope.secretKey);
    if (!ciphertext) return { refused: 'not_decryptable' };
    const checked = await this.open(app, { ciphertext, publicKey });
    return isRefused(checked) ? checked : await this.admit(app, checked);
  }

  /** Returns the present record of an application whose envelope was accepted before. */
  readmit(
    { appKey }: AppRecord,
    app: AppRecord | undefined,
  ): AppRecord | Refusal<'unknown_app' | 'app_disabled'> {
    if (!app) return { refused: 'unknown_app', appKey };
    return app.disabled ? { refused: 'app_disabled' } : app;
  }

  /** Call it often: see {@link Stamps.count}. */
  countTime(): void {
    this.stamps.count();
  }

  /** Calls that come during the first check of an envelope share that check. */
  private async checkOnce(app: AppRecord, envelope: Envelope): Promise<Checked | EnvelopeRefusal> {
    const hash = sha256(`${envelope.appKey}\n${envelope.secretKey}\n${envelope.signature}`);
    const known = await this.checked.get(hash);
    if (known && (isRefused(known) || this.stillHolds(known, app))) return known;
    // A remembered result for keys that are no longer valid is dropped, and a new check says why.
    if (known) this.checked.delete(hash);
    const signed = this.signed(app, envelope);
    // Only signed envelopes are remembered: strangers cannot displace others with invalid ones.
    if (isRefused(signed)) return signed;
    const checking = this.open(app, signed);
    this.checked.set(hash, checking);
    const forget = () => this.checked.delete(hash);
    checking.then((result) => isRefused(result) && forget(), forget);
    return await checking;
  }

  /** Returns the ciphertext and the application's key that signed it. */
  private signed(
    app: AppRecord,
    envelope: Envelope,
  ): Signed | Refusal<'signature_mismatch' | 'signature_unreadable'> {
    const ciphertext = this.ciphertext(envelope.secretKey);
    // The signature is over these bytes, so no signature can match.
    if (!ciphertext) return { refused: 'signature_mismatch', problem: 'not_base64' };
    const publicKey = this.verifySignature(app, ciphertext, envelope.signature);
    return isRefused(publicKey) ? publicKey : { ciphertext, publicKey };
  }

  /** Returns the application's key that made the signature. */
  private verifySignature(
    app: AppRecord,
    data: Uint8Array,
    text: string,
  ): string | Refusal<'signature_mismatch' | 'signature_unreadable'> {
    const bytes = modulusBytes(this.publicKeys.get(app.publicKey));
    const signature = decodeBase64(text, bytes);
    if (!signature) return { refused: 'signature_unreadable', bytes };
    const keys = new Set(validCredentials(app, this.clock()).map((one) => one.publicKey));
    for (const publicKey of keys) {
      if (verifySignature(data, this.publicKeys.get(publicKey), signature)) return publicKey;
    }
    return { refused: 'signature_mismatch', problem: 'mismatch' };
  }

  /** Returns the hash of the secret, if it is valid together with this key. */
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

  private async open(
    app: AppRecord,
    { ciphertext, publicKey }: Signed,
  ): Promise<Checked | EnvelopeRefusal> {
    const opened = await this.pingKeys.decrypt(ciphertext);
    if (!opened) return { refused: 'not_decryptable' };
    const text = parseSecretText(opened.plaintext.toString('utf8'));
    const stamped = text && parseTime(text.stamped);
    if (!text || stamped === undefined) return { refused: 'malformed_secret' };
    const envelope = { stamped, name: nameOf(app, ciphertext) };
    const stale = this.refuseStamp(app, envelope);
    if (stale) return stale;
    const secretHash = await this.matchSecret(app, publicKey, text.secret);
    if (secretHash === undefined) return { refused: 'wrong_secret' };
    return { ...envelope, secretHash, publicKey, pingKey: opened.fingerprint };
  }

  private refuseStamp(app: AppRecord, envelope: Stamped): Refusal<'stale_stamp'> | undefined {
    return this.stamps.refuse(envelope, { strict: app.strictStamps ?? false });
  }

  private stillHolds(checked: Checked, app: AppRecord): boolean {
    const valid = validCredentials(app, this.clock()).some(
      ({ secretHash, publicKey }) =>
        checked.secretHash === secretHash && checked.publicKey === publicKey,
    );
    return valid && this.pingKeys.accepts(checked.pingKey);
  }

  private async admit(app: AppRecord, checked: Checked): Promise<AppRecord | EnvelopeRefusal> {
    const stale = this.refuseStamp(app, checked);
    if (stale) return stale;
    this.stamps.note(checked);
    if (app.disabled) return { refused: 'app_disabled' };
    await this.usedPingKeys.note(app, checked.pingKey);
    return { ...app, publicKey: checked.publicKey };
  }
}

/** Names an envelope by its ciphertext, which is signed. Its base64 can be written in many ways. */
function nameOf({ appKey }: AppRecord, ciphertext: Uint8Array): string {
  return sha256(Buffer.concat([Buffer.from(appKey), ciphertext]));
}
