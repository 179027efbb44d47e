import type { KeyObject } from 'node:crypto';
import { fingerprint, generateRsa, modulusBytes, publicPem } from './keys.js';
import { OaepDecryptor, signText } from './rsa.js';

/** One generation of the engine's own key, the one that `GET /ping` serves. */
export interface PingKey {
  readonly fingerprint: string;
  /** When it was made, in engine time and whole seconds: what `date_stamp` says. */
  readonly madeAt: number;
  /** PEM with the blank lines of the hosted API, which the C client needs. */
  readonly served: string;
  /** Until when it decrypts, in engine time; `Infinity` for the current one. */
  retiresAt: number;
  readonly privateKey: KeyObject;
  readonly decryptor: OaepDecryptor;
}

/** Old generations that are kept at most, however often the key is rotated within the grace period. */
const GENERATIONS = 8;

/**
 * The engine's keys: the current one, and the ones before it for as long as clients may still have
 * them cached (from 60 s in PHP to for ever in Python).
 */
export class PingKeys {
  private readonly clock: () => number;
  private readonly grace: number;
  private keys: PingKey[];
  private rotating: Promise<unknown> = Promise.resolve();

  private constructor(clock: () => number, grace: number, first: PingKey) {
    this.clock = clock;
    this.grace = grace;
    this.keys = [first];
  }

  static async create(clock: () => number, grace: number): Promise<PingKeys> {
    return new PingKeys(clock, grace, await makePingKey(clock()));
  }

  get current(): PingKey {
    return this.keys[0] as PingKey;
  }

  /** Makes a new current key. Two rotations never share a `date_stamp`, or the second goes unseen. */
  rotate(): Promise<PingKey> {
    const rotated = this.rotating.then(() => this.replace());
    this.rotating = rotated.catch(() => {});
    return rotated;
  }

  byFingerprint(name: string): PingKey | undefined {
    return this.alive().find((key) => key.fingerprint === name.toLowerCase());
  }

  /** Whether the key of this name is the current one or still within its grace period. */
  accepts(name: string): boolean {
    return this.byFingerprint(name) !== undefined;
  }

  /** How many bytes a ciphertext for one of these keys has. */
  get ciphertextBytes(): number {
    return modulusBytes(this.current.privateKey);
  }

  /** Tries the current key and then the older ones. */
  async decrypt(
    ciphertext: Uint8Array,
  ): Promise<{ plaintext: Buffer; fingerprint: string } | undefined> {
    for (const key of this.alive()) {
      const plaintext = await key.decryptor.decrypt(ciphertext);
      if (plaintext) return { plaintext, fingerprint: key.fingerprint };
    }
    return undefined;
  }

  sign(text: string): Promise<string> {
    return signText(text, this.current.privateKey);
  }

  private async replace(): Promise<PingKey> {
    const earliest = this.current.madeAt + 1000;
    const next = await makePingKey(Math.max(this.clock(), earliest));
    this.current.retiresAt = this.clock() + this.grace;
    this.keys = [next, ...this.alive()].slice(0, GENERATIONS);
    return next;
  }

  private alive(): PingKey[] {
    const now = this.clock();
    return this.keys.filter((key) => key.retiresAt > now);
  }
}

async function makePingKey(now: number): Promise<PingKey> {
  const { privateKey, publicKey } = await generateRsa();
  return {
    fingerprint: fingerprint(publicKey),
    madeAt: Math.floor(now / 1000) * 1000,
    served: withBlankLines(publicPem(publicKey)),
    retiresAt: Number.POSITIVE_INFINITY,
    privateKey,
    decryptor: await OaepDecryptor.create(privateKey),
  };
}

function withBlankLines(pem: string): string {
  return pem
    .replace('-----BEGIN PUBLIC KEY-----\n', '-----BEGIN PUBLIC KEY-----\n\n')
    .replace('-----END PUBLIC KEY-----', '\n-----END PUBLIC KEY-----');
}
