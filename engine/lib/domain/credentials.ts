import { sha256 } from '../crypto/digest.js';
import { generateRsa, publicPem } from '../crypto/keys.js';
import { LETTERS_AND_DIGITS, randomText } from '../crypto/random.js';
import { hashSecret } from '../crypto/secret-hash.js';
import type { AppCredentialsRecord, AppRecord } from '../data/ports/apps.js';
import type { RequestRecord } from '../data/ports/requests.js';

/** What the application can identify itself with now: after a rotation, for a while in two ways. */
export function validCredentials(app: AppRecord, now: number): AppCredentialsRecord[] {
  const { secretHash, publicKey, previous } = app;
  const current = { secretHash, publicKey };
  return previous && previous.until > now ? [current, previous] : [current];
}

/** A short name for a key of an application. */
export function keyId(publicKey: string): string {
  return sha256(publicKey).slice(0, 16);
}

/**
 * The key that an answer is encrypted for: the one that the request was made with while it is good,
 * since who asked may know no other; else the current one.
 */
export function answerKey(app: AppRecord, request: RequestRecord, now: number): string {
  const asked = validCredentials(app, now).find((one) => keyId(one.publicKey) === request.keyId);
  return (asked ?? app).publicKey;
}

/** A secret key, and what is kept of it. */
export async function makeSecret(): Promise<{ secretKey: string; secretHash: string }> {
  const secretKey = randomText(32, LETTERS_AND_DIGITS);
  return { secretKey, secretHash: await hashSecret(secretKey) };
}

/** A key pair as PEM: PKCS#1, which even the oldest SDK reads, and SubjectPublicKeyInfo. */
export async function makeKeyPair(): Promise<{ privateKey: string; publicKey: string }> {
  const { privateKey, publicKey } = await generateRsa();
  return {
    privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    publicKey: publicPem(publicKey),
  };
}
