import type { KeyObject } from 'node:crypto';
import { encryptOaep, oaepLimit, sign } from '../crypto/rsa.js';
import { ConfigurationError } from '../errors.js';
import { formatTime } from '../util/time.js';
import type { EngineClock, Reading } from './clock.js';

/** What authenticates a call. */
export interface Envelope {
  /** The reading of the engine's clock and key that it was made with. */
  readonly reading: Reading;
  /** `app_key`, `secret_key` and `signature`, form-encoded. */
  readonly form: string;
  /** The encrypted secret key in base64, for the call that is signed as a whole. */
  readonly secretKey: string;
}

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

/**
 * Makes envelopes: one for each engine second, shared by all calls of that second.
 *
 * Nothing in an envelope binds it to one call, so under load the cost of its private-key operation
 * vanishes.
 */
export class Envelopes {
  readonly #options: EnvelopeOptions;
  readonly #clock: EngineClock;
  #latest: Latest | undefined;

  constructor(options: EnvelopeOptions, clock: EngineClock) {
    const tooMuch = secretText(options.secretKey, 0).length - oaepLimit(2048);
    if (tooMuch > 0) {
      throw new ConfigurationError('secretKey', `is ${tooMuch} bytes too long for an envelope`);
    }
    this.#options = options;
    this.#clock = clock;
  }

  /** The envelope of this engine second if it has been made: then there is nothing to wait for. */
  ready(): Envelope | undefined {
    const reading = this.#clock.known();
    return reading && this.#latestOf(reading, secondOf(reading))?.made;
  }

  /** The envelope of this engine second, made with a reading not older than five minutes. */
  async current(): Promise<Envelope> {
    const reading = await this.#clock.current();
    const second = secondOf(reading);
    const known = this.#latestOf(reading, second);
    if (known) return known.making;
    const latest: Latest = { second, reading, making: this.#make(reading, second * 1000) };
    this.#latest = latest;
    latest.made = await latest.making;
    return latest.made;
  }

  #latestOf(reading: Reading, second: number): Latest | undefined {
    const latest = this.#latest;
    return latest?.second === second && latest.reading === reading ? latest : undefined;
  }

  async #make(reading: Reading, time: number): Promise<Envelope> {
    const { appKey, secretKey, privateKey } = this.#options;
    const ciphertext = encryptOaep(reading.key, secretText(secretKey, time));
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

/** The second that the engine's clock shows. */
const secondOf = ({ offset }: Reading) => Math.floor((performance.now() + offset) / 1000);

function secretText(secret: string, time: number): Buffer {
  return Buffer.from(JSON.stringify({ secret, stamped: formatTime(time) }));
}
