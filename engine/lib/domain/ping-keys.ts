import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { fingerprint, generateRsa, modulusBytes, publicPem } from '../crypto/keys.js';
import { OaepDecryptor, Signer } from '../crypto/rsa.js';
import type { Data } from '../data/data.js';
import type { PingKeyRecord } from '../data/ports/ping-keys.js';

/** One generation of the ping key, the engine's own key. */
export interface PingKey {
  readonly fingerprint: string;
  /** When it was made, in whole seconds of engine time: the `date_stamp` of ping. */
  readonly madeAt: number;
  /** PEM with the blank lines of the hosted API, which the C client needs. */
  readonly served: string;
  /** Until when it decrypts, in engine time. `Infinity` for the current key. */
  readonly retiresAt: number;
  readonly privateKey: KeyObject;
  readonly decryptor: OaepDecryptor;
  readonly signer: Signer;
}

/** Maximum number of generations that decrypt. */
const MAX_GENERATIONS = 8;
/** Minimum interval between two checks for a key of another process, in real time. */
const CHECK_INTERVAL_MS = 2000;

/**
 * The ping keys: the current one and those before it. Clients cache a key for 60 s (PHP) or for the life
 * of a process (Python), so old keys decrypt for a grace period. All processes with the same data share
 * the keys.
 */
export class PingKeys {
  private readonly data: Data;
  private readonly clock: () => number;
  private readonly grace: number;
  private keys: PingKey[] = [];
  private rotating: Promise<unknown> = Promise.resolve();
  private checkedAt = 0;

  private constructor(data: Data, clock: () => number, grace: number) {
    this.data = data;
    this.clock = clock;
    this.grace = grace;
  }

  /** Reads the keys, and makes the first one. */
  static async open(data: Data, clock: () => number, grace: number): Promise<PingKeys> {
    const keys = new PingKeys(data, clock, grace);
    await keys.load();
    if (keys.keys.length === 0) {
      await data.pingKeys.add(await makePingKey(clock()), undefined, 0);
      await keys.load();
    }
    return keys;
  }

  /** Removes expired keys, and reads the keys of other processes from time to time. */
  async refresh(): Promise<void> {
    if (!this.data.announcements.shared) {
      this.keys = this.alive();
      return;
    }
    const now = performance.now();
    if (now - this.checkedAt < CHECK_INTERVAL_MS) return;
    this.checkedAt = now;
    await this.load();
  }

  get current(): PingKey {
    return this.keys[0] as PingKey;
  }

  /** Makes a new current key. Its `date_stamp` differs from the last one, or clients would not notice. */
  rotate(): Promise<PingKey> {
    const rotated = this.rotating.then(() => this.replace());
    this.rotating = rotated.catch(() => {});
    return rotated;
  }

  byFingerprint(name: string): PingKey | undefined {
    return this.alive().find((key) => key.fingerprint === name.toLowerCase());
  }

  /** Whether the key of this fingerprint is the current one or in its grace period. */
  accepts(name: string): boolean {
    return this.byFingerprint(name) !== undefined;
  }

  /** Size of a ciphertext for one of the keys. */
  get ciphertextBytes(): number {
    return modulusBytes(this.current.privateKey);
  }

  /** Tries the current key first, then the older ones. */
  async decrypt(
    ciphertext: Uint8Array,
  ): Promise<{ plaintext: Buffer; fingerprint: string } | undefined> {
    for (const key of this.alive()) {
      const plaintext = await key.decryptor.decrypt(ciphertext);
      if (plaintext) return { plaintext, fingerprint: key.fingerprint };
    }
    return undefined;
  }

  /** Whether older keys than the current one still decrypt. */
  get hasRetiring(): boolean {
    return this.alive().length > 1;
  }

  sign(text: string, key = this.current): Promise<string> {
    return key.signer.sign(text);
  }

  private async replace(): Promise<PingKey> {
    await this.load();
    const { current } = this;
    const next = await makePingKey(Math.max(this.clock(), current.madeAt + 1000));
    const retiresAt = this.clock() + this.grace;
    // If another process was first, its key is used.
    await this.data.pingKeys.add(next, current.fingerprint, retiresAt);
    await this.load();
    return this.current;
  }

  private async load(): Promise<void> {
    const records = (await this.data.pingKeys.list()).slice(0, MAX_GENERATIONS);
    const known = new Map(this.keys.map((key) => [key.fingerprint, key]));
    this.keys = records.map((record) => {
      const retiresAt = record.retiresAt ?? Number.POSITIVE_INFINITY;
      return { ...(known.get(record.fingerprint) ?? readPingKey(record)), retiresAt };
    });
  }

  private alive(): PingKey[] {
    const now = this.clock();
    return this.keys.filter((key) => key.retiresAt > now);
  }
}

async function makePingKey(now: number): Promise<PingKeyRecord> {
  const { privateKey, publicKey } = await generateRsa();
  return {
    fingerprint: fingerprint(publicKey),
    madeAt: Math.floor(now / 1000) * 1000,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
  };
}

function readPingKey({ fingerprint, madeAt, privateKey: der }: PingKeyRecord) {
  const key = Buffer.from(der, 'base64');
  const privateKey = createPrivateKey({ key, type: 'pkcs8', format: 'der' });
  return {
    fingerprint,
    madeAt,
    served: withBlankLines(publicPem(createPublicKey(privateKey))),
    privateKey,
    decryptor: new OaepDecryptor(privateKey),
    signer: new Signer(privateKey),
  };
}

function withBlankLines(pem: string): string {
  return pem
    .replace('-----BEGIN PUBLIC KEY-----\n', '-----BEGIN PUBLIC KEY-----\n\n')
    .replace('-----END PUBLIC KEY-----', '\n-----END PUBLIC KEY-----');
}
