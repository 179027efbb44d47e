import { createHash, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { BoundedMap } from '../util/bounded-map.js';

const generate = promisify(generateKeyPair);

/** Every LaunchKey key is RSA; 2048 bits is what all published SDKs can work with. */
export const KEY_BITS = 2048;

/** Makes an RSA key pair, on the thread pool. */
export async function generateRsa(): Promise<{ privateKey: KeyObject; publicKey: KeyObject }> {
  return await generate('rsa', { modulusLength: KEY_BITS });
}

/** The public key as PEM with SubjectPublicKeyInfo, as all SDKs read it. */
export function publicPem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

/** The bytes of such a PEM, in base64: what stands between its lines. */
export function spkiBase64(pem: string): string {
  return pem.replace(/-----[^-]+-----|\s/g, '');
}

/** How later SDKs name a key: MD5 of its DER, colon-separated hex. A name, not a protection. */
export function fingerprint(key: KeyObject): string {
  const der = key.export({ type: 'spki', format: 'der' });
  const hex = createHash('md5').update(der).digest('hex');
  return hex.match(/../g)?.join(':') ?? hex;
}

/** The number of bytes of the key's modulus, and so of its signatures and ciphertexts. */
export function modulusBytes(key: KeyObject): number {
  return Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? KEY_BITS) / 8);
}

/** Keeps parsed public keys: reading a PEM costs more than a verification with it. */
export class PublicKeys {
  private readonly parsed = new BoundedMap<string, KeyObject>(1000);

  get(pem: string): KeyObject {
    let key = this.parsed.get(pem);
    if (!key) {
      key = createPublicKey(pem);
      this.parsed.set(pem, key);
    }
    return key;
  }
}
