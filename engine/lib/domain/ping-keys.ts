import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { fingerprint, generateRsa, modulusBytes, publicPem } from '../crypto/keys.js';
import { OaepDecryptor, signText } from '../crypto/rsa.js';
import type { Data } from '../data/data.js';
import type { PingKeyRecord } from '../data/ports/ping-keys.js';

/** One generation of the engine's own key, the one that `GET /ping` serves. */
export interface PingKey {
  readonly fingerprint: string;
  /** When it was made, in engine time and whole seconds: what `date_stamp` says. */
  readonly madeAt: number;
  /** PEM with the blank lines of the hosted API, which the C client needs. */
  readonly served: string;
  /** Until when it decrypts, in engine time; `Infinity` for the current one. */
  readonly retiresAt: number;
  readonly privateKey: KeyObject;
  readonly decryptor: OaepDecryptor;
}

/** Old generations that decrypt at most, however often the key is rotated within the grace period. */
const GENERATIONS = 8;
/** How often it is looked whether another process has made a new key, in milliseconds of real time. */
const LOOK = 2000;

/**
 * The engine's keys: the current one, and the ones before it for as long as clients may still have
 * them cached (from 60 s in PHP to for ever in Python). All processes with the same data share them.
 */
export class PingKeys {
  private readonly data: Data;
  private readonly clock: () => number;
  private readonly grace: number;
  private keys: PingKey[] = [];
  private rotating: Promise<unknown> = Promise.resolve();
  private lookedAt = 0;

  private constructor(data: Data, clock: () => number, grace: number) {
    this.data = data;
    this.clock = clock;
    this.grace = grace;
  }

  /** Reads the keys, and makes the first one if there is none. */
  static async open(data: Data, clock: () => number, grace: number): Promise<PingKeys> {
    const keys = new PingKeys(data, clock, grace);
    await keys.load();
    if (keys.keys.length === 0) {
      await data.pingKeys.add(await makePingKey(clock()), undefined, 0);
      await keys.load();
    }
    return keys;
  }

  /** Drops what is over, and looks now and then for what other processes have made of the keys. */
  async refresh(): Promise<void> {
    if (!this.data.announcements.shared) {
      this.keys = this.alive();
      return;
    }
    const now = performance.now();
    if (now - this.lookedAt < LOOK) return;
    this.lookedAt = now;
    await this.load();
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

  /** Whether older keys than the current one still decrypt. */
  get hasRetiring(): boolean {
    return this.alive().length > 1;
  }

  sign(text: string, key = this.current): Promise<string> {
    return signText(text, key.privateKey);
  }

  private async replace(): Promise<PingKey> {
    await this.load();
    const { current } = this;
    const next = await makePingKey(Math.max(this.clock(), current.madeAt + 1000));
    const retiresAt = this.clock() + this.grace;
    // If another process was first, its key is as new as ours.
    await this.data.pingKeys.add(next, current.fingerprint, retiresAt);
    await this.load();
    return this.current;
  }

  private async load(): Promise<void> {
    const records = (await this.data.pingKeys.list()).slice(0, GENERATIONS);
    const known = new Map(this.keys.map((key) => [key.fingerprint, key]));
    this.keys = await Promise.all(
      records.map(async (record) => {
        const retiresAt = record.retiresAt ?? Number.POSITIVE_INFINITY;
        return { ...(known.get(record.fingerprint) ?? (await readPingKey(record))), retiresAt };
      }),
    );
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

async function readPingKey({ fingerprint, madeAt, privateKey: der }: PingKeyRecord) {
  const key = Buffer.from(der, 'base64');
  const privateKey = createPrivateKey({ key, type: 'pkcs8', format: 'der' });
  return {
    fingerprint,
    madeAt,
    served: withBlankLines(publicPem(createPublicKey(privateKey))),
    privateKey,
    decryptor: await OaepDecryptor.create(privateKey),
  };
}

function withBlankLines(pem: string): string {
  return pem
    .replace('-----BEGIN PUBLIC KEY-----\n', '-----BEGIN PUBLIC KEY-----\n\n')
    .replace('-----END PUBLIC KEY-----', '\n-----END PUBLIC KEY-----');
}
