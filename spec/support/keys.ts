import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A pair of keys, made once for each file of tests that asks for it. */
export interface Pair {
  publicKey: KeyObject;
  privateKey: KeyObject;
  /** The private key, PKCS#8. */
  privatePem: string;
  /** The public key, SubjectPublicKeyInfo. */
  publicPem: string;
}

/** Makes an RSA pair. */
export function makePair(modulusLength = 2048): Pair {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength });
  return {
    publicKey,
    privateKey,
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** Runs openssl over a text, the way people make their key files. */
export function openssl(input: string, ...args: string[]): string {
  return execFileSync('openssl', args, { input, stdio: ['pipe', 'pipe', 'ignore'] }).toString();
}

/** A certificate for 127.0.0.1 that the key has signed itself. */
export function selfSigned(privatePem: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'launchkey-spec-'));
  try {
    const file = join(folder, 'key.pem');
    writeFileSync(file, privatePem, { mode: 0o600 });
    const names = 'subjectAltName=IP:127.0.0.1';
    return openssl('', 'req', '-x509', '-key', file, '-subj', '/CN=engine', '-addext', names);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
