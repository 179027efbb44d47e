import { createPublicKey, hash, type KeyObject, verify } from 'node:crypto';
import { BoundedMap } from '../util/bounded-map.js';

/** The public half of a device's ECDSA P-256 key. */
export interface EcPublicKey {
  kty: 'EC';
  crv: 'P-256';
  /** Coordinates, base64url. */
  x: string;
  y: string;
}

const COORDINATE = /^[A-Za-z0-9_-]{43}$/;
/** `r ‖ s` of P-256, 64 bytes, in base64. */
const SIGNATURE = /^[A-Za-z0-9+/]{86}==$/;

const parsed = new BoundedMap<string, KeyObject>(10_000);

/** Reads the JWK of a P-256 public key; `undefined` for anything else, a point off the curve included. */
export function readEcPublicKey(value: unknown): EcPublicKey | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kty, crv, x, y, ...rest } = value as Record<string, unknown>;
  if (kty !== 'EC' || crv !== 'P-256' || Object.keys(rest).length > 0) return undefined;
  if (typeof x !== 'string' || typeof y !== 'string') return undefined;
  if (!COORDINATE.test(x) || !COORDINATE.test(y)) return undefined;
  const key: EcPublicKey = { kty, crv, x, y };
  try {
    keyObject(key);
    return key;
  } catch {
    return undefined;
  }
}

/** The key's name by RFC 7638: SHA-256 of its canonical JSON, base64url. */
export function thumbprint({ crv, kty, x, y }: EcPublicKey): string {
  return hash('sha256', JSON.stringify({ crv, kty, x, y }), 'base64url');
}

/** Verifies ECDSA with SHA-256 on the thread pool; `signature` is base64 of `r ‖ s`. */
export function verifyEc(
  key: EcPublicKey,
  data: string | Uint8Array,
  signature: unknown,
): Promise<boolean> {
  if (typeof signature !== 'string' || !SIGNATURE.test(signature)) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    verify(
      'sha256',
      Buffer.from(data),
      { key: keyObject(key), dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64'),
      (error, holds) => (error ? reject(error) : resolve(holds)),
    );
  });
}

function keyObject(jwk: EcPublicKey): KeyObject {
  const name = `${jwk.x}.${jwk.y}`;
  let key = parsed.get(name);
  if (!key) {
    key = createPublicKey({ key: { ...jwk }, format: 'jwk' });
    parsed.set(name, key);
  }
  return key;
}
