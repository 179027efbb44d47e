import type { KeyObject } from 'node:crypto';
import { encryptOaep, maxOaepBytes, sign } from '../crypto/rsa.js';
import { ConfigurationError } from '../errors.js';
import { formatTime } from '../util/time.js';
import type { EngineClock, Reading } from './engine-clock.js';

/** The part of a call that authenticates the application. */
export interface Envelope {
  /** The reading of the engine's clock and key with which it was made. */
  readonly reading: Reading;
  /** `app_key`, `secret_key` and `signature`, form-encoded. */
  readonly form: string;
  /** The encrypted secret key in base64, for calls that are signed as a whole. */
  readonly secretKey: string;
}

/** The credentials that an envelope is made of. */
export interface EnvelopeOptions {
  appKey: string;
  secretKey: string;
  privateKey: KeyObject;
}

interface Latest {
  second: number;
  reading: Reading;
  making: Promise<Envelope>;
  made?: Envelope;
}

/** The smallest ping key. */
const MIN_ENGINE_KEY_BITS = 2048;

/**
 * Makes envelopes: one for each second of engine time, shared by all calls of that second.
 *
 * An envelope is not bound to one call, so under load the cost of its private-key operation becomes
 * negligible.
 */
export class Envelopes {
  readonly #options: EnvelopeOptions;
  readonly #clock: EngineClock;
  #latest: Latest | undefined;

  constructor(options: EnvelopeOptions, clock: EngineClock) {
    const excess = plaintext(options.secretKey, 0).length - maxOaepBytes(MIN_ENGINE_KEY_BITS);
    if (excess > 0) {
      throw new ConfigurationError(
        'secretKey',
        `is ${excess} bytes too long for an envelope. Pass the application's secret key.`,
      );
    }
    this.#options = options;
    this.#clock = clock;
  }

  /** The envelope of this second if it is made already, so that no promise has to be awaited. */
  ready(): Envelope | undefined {
    const reading = this.#clock.known();
    return reading && this.#find(reading, secondOf(reading))?.made;
  }

  /** The envelope of this second, made with a reading of the last five minutes. */
  async current(): Promise<Envelope> {
    const reading = await this.#clock.current();
    const second = secondOf(reading);
    const found = this.#find(reading, second);
    if (found) return found.making;
    const latest: Latest = { second, reading, making: this.#make(reading, second * 1000) };
    this.#latest = latest;
    latest.made = await latest.making;
    return latest.made;
  }

  #find(reading: Reading, second: number): Latest | undefined {
    const latest = this.#latest;
    return latest?.second === second && latest.reading === reading ? latest : undefined;
  }

  async #make(reading: Reading, time: number): Promise<Envelope> {
    const { appKey, secretKey, privateKey } = this.#options;
    const ciphertext = encryptOaep(reading.key, plaintext(secretKey, time));
    const signature = await sign(privateKey, ciphertext);
    const encrypted = ciphertext.toString('base64');
    const form = new URLSearchParams({
      app_key: appKey,
      secret_key: encrypted,
      signature: signature.toString('base64'),
    });
    return { reading, form: form.toString(), secretKey: encrypted };
  }
}

/** The second of engine time. */
const secondOf = ({ offset }: Reading) => Math.floor((performance.now() + offset) / 1000);

function plaintext(secret: string, time: number): Buffer {
  return Buffer.from(JSON.stringify({ secret, stamped: formatTime(time) }));
}
