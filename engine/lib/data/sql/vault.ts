import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { LaunchKeyEngineError } from '../../errors.js';

/** AES-256-GCM: twelve bytes of nonce, sixteen of tag. */
const NONCE = 12;
const TAG = 16;

/** Encrypts secrets for the database with the engine's key, which is stored elsewhere. */
export class Vault {
  private readonly key: Buffer;

  /** `key` is 32 bytes, base64. */
  constructor(key: string) {
    const bytes = Buffer.from(key.trim(), 'base64');
    if (bytes.length !== 32) {
      throw new LaunchKeyEngineError(
        'ENGINE_INVALID_OPTION',
        `The engine's key must be base64 of 32 bytes, not of ${bytes.length}. Create one with "openssl rand -base64 32".`,
      );
    }
    this.key = Buffer.from(hkdfSync('sha256', bytes, '', 'launchkey-engine data', 32));
  }

  static newKey(): string {
    return randomBytes(32).toString('base64');
  }

  /** Encrypts `text` under `name`, under which alone it can be opened. */
  seal(name: string, text: string): string {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce).setAAD(Buffer.from(name));
    const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), data]).toString('base64');
  }

  open(name: string, sealed: string): string {
    const bytes = Buffer.from(sealed, 'base64');
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.key, bytes.subarray(0, NONCE))
        .setAAD(Buffer.from(name))
        .setAuthTag(bytes.subarray(NONCE, NONCE + TAG));
      const data = decipher.update(bytes.subarray(NONCE + TAG));
      return Buffer.concat([data, decipher.final()]).toString('utf8');
    } catch (error) {
      throw new LaunchKeyEngineError(
        'ENGINE_DATA',
        "The engine's key does not open this database. Use the key that the database was created with.",
        { cause: error },
      );
    }
  }
}
