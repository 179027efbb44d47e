import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KeyPair, takeKeyPair } from './key-pool.js';

/** An RSA pair in the forms that tests need. */
export interface Pair extends KeyPair {
  /** The private key, PKCS#8. */
  privatePem: string;
  /** The public key, SubjectPublicKeyInfo. */
  publicPem: string;
}

/** A pair that nothing else in this file has; of 2048 bits, it comes from the pool. */
export function makePair(modulusLength = 2048): Pair {
  const { publicKey, privateKey } =
    modulusLength === 2048 ? takeKeyPair() : generateKeyPairSync('rsa', { modulusLength });
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
