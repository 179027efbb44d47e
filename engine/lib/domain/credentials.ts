import { sha256 } from '../crypto/digest.js';
import { generateRsa, publicPem } from '../crypto/keys.js';
import { LETTERS_AND_DIGITS, randomText } from '../crypto/random.js';
import { hashSecret } from '../crypto/secret-hash.js';
import type { AppCredentialsRecord, AppRecord } from '../data/ports/apps.js';
import type { RequestRecord } from '../data/ports/requests.js';

/** The valid credentials of an application: two pairs during the grace period of a rotation. */
export function validCredentials(app: AppRecord, now: number): AppCredentialsRecord[] {
  const { secretHash, publicKey, previous } = app;
  const current = { secretHash, publicKey };
  return previous && previous.until > now ? [current, previous] : [current];
}

/** A short name for a public key of an application. */
export function keyId(publicKey: string): string {
  return sha256(publicKey).slice(0, 16);
}

/**
 * The key for which an answer is encrypted: the key that signed the request while it is valid, because
 * its process may know no other, and else the current key.
 */
export function answerKey(app: AppRecord, request: RequestRecord, now: number): string {
  const used = validCredentials(app, now).find((one) => keyId(one.publicKey) === request.keyId);
  return (used ?? app).publicKey;
}

/** Makes a secret key and its hash, which the engine stores. */
export async function makeSecret(): Promise<{ secretKey: string; secretHash: string }> {
  const secretKey = randomText(32, LETTERS_AND_DIGITS);
  return { secretKey, secretHash: await hashSecret(secretKey) };
}

/** Makes a key pair as PEM: PKCS#1, which also the oldest SDKs read, and SubjectPublicKeyInfo. */
export async function makeKeyPair(): Promise<{ privateKey: string; publicKey: string }> {
  const { privateKey, publicKey } = await generateRsa();
  return {
    privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    publicKey: publicPem(publicKey),
  };
}
