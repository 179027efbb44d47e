/*
 * Other ways to authenticate calls, put in place of the library's own before it is used. They exist
 * to compare with, and only here.
 */
import type { KeyObject } from 'node:crypto';
import { createRequire } from 'node:module';
import { KJUR } from 'jsrsasign';

/** How calls are authenticated. */
export type Variant =
  /** As the library does: one envelope a second, shared. */
  | 'shared'
  /** A new envelope for each call. */
  | 'fresh'
  /** A new envelope for each call, signed by jsrsasign. */
  | 'jsrsasign';

interface Envelopes {
  ready(): unknown;
  current(): Promise<unknown>;
}

interface EnvelopeModule {
  Envelopes: new (options: unknown, clock: unknown) => Envelopes;
}

interface RsaModule {
  sign(key: KeyObject, data: Uint8Array): Promise<Buffer>;
}

const require = createRequire(import.meta.url);
const entry = require.resolve('passport-launchkey');
const load = <Module>(path: string) =>
  require(require('node:path').join(entry, '..', path)) as Module;

/**
 * Must be called before the first client is made.
 *
 * @param signed Called for each signature that is not Node's.
 */
export function install(variant: Variant, signed: () => void): void {
  if (variant !== 'shared') shareNoEnvelope();
  if (variant === 'jsrsasign') signWithJsrsasign(signed);
}

function shareNoEnvelope(): void {
  const module = load<EnvelopeModule>('client/envelope.js');
  const { Envelopes } = module;
  module.Envelopes = class implements Envelopes {
    readonly #make: () => Envelopes;

    constructor(options: unknown, clock: unknown) {
      this.#make = () => new Envelopes(options, clock);
    }

    ready(): undefined {}

    current(): Promise<unknown> {
      return this.#make().current();
    }
  };
}

function signWithJsrsasign(signed: () => void): void {
  const module = load<RsaModule>('crypto/rsa.js');
  const pems = new WeakMap<KeyObject, string>();
  module.sign = async (key, data) => {
    signed();
    const pem = pems.get(key) ?? key.export({ type: 'pkcs8', format: 'pem' }).toString();
    pems.set(key, pem);
    const signature = new KJUR.crypto.Signature({ alg: 'SHA256withRSA' });
    signature.init(pem);
    signature.updateHex(Buffer.from(data).toString('hex'));
    return Buffer.from(signature.sign(), 'hex');
  };
}
