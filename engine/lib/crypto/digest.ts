import { hash, timingSafeEqual } from 'node:crypto';

/** SHA-256 of a text or of bytes, as base64. Enough for secrets that are long and random. */
export function sha256(data: string | Uint8Array): string {
  return hash('sha256', data, 'base64');
}

/** Compares two digests of the same kind in a time that does not depend on where they differ. */
export function sameDigest(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
