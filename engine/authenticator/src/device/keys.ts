import { base64, base64url, sha256, utf8 } from './bytes.js';

export const EC = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGN = { name: 'ECDSA', hash: 'SHA-256' };

/** A public key as it travels. */
export interface PublicJwk {
  kty: string;
  crv: string;
  x: string;
  y: string;
}

/** The device's own key pair, whose private key no script can read. */
export async function makeDeviceKeys(): Promise<CryptoKeyPair> {
  return await crypto.subtle.generateKey(EC, false, ['sign', 'verify']);
}

export async function publicJwk(key: CryptoKey): Promise<PublicJwk> {
  const { kty = '', crv = '', x = '', y = '' } = await crypto.subtle.exportKey('jwk', key);
  return { kty, crv, x, y };
}

/** RFC 7638. */
export async function thumbprint({ crv, kty, x, y }: PublicJwk): Promise<string> {
  return base64url(await sha256(utf8(JSON.stringify({ crv, kty, x, y }))));
}

/** base64 of `r ‖ s`. */
export async function sign(key: CryptoKey, data: Uint8Array<ArrayBuffer>): Promise<string> {
  return base64(await crypto.subtle.sign(SIGN, key, data));
}
