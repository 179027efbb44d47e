import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { BoundedMap } from '../util/bounded-map.js';

const COST = { N: 16_384, r: 8, p: 1 };
const BYTES = 32;

/** What is kept of a secret: salted and slow to try, with how it was made, so that that can change. */
export async function hashSecret(secret: string): Promise<string> {
  const salt = randomBytes(16);
  const { N, r, p } = COST;
  return ['scrypt', N, r, p, encode(salt), encode(await derive(secret, salt, COST))].join('$');
}

/**
 * Compares secrets with their hashes. What was found right is remembered for as long as the process
 * lives, as a MAC under a key that nothing else knows: applications send their secret with each call,
 * and only the first one may cost much.
 */
export class SecretChecks {
  private readonly key = randomBytes(32);
  private readonly right = new BoundedMap<string, Promise<boolean>>(10_000);

  async matches(secret: string, hash: string): Promise<boolean> {
    const name = createHmac('sha256', this.key).update(`${hash}\n${secret}`).digest('base64');
    // Calls that come while the first is being checked wait for that one check.
    let check = this.right.get(name);
    if (!check) {
      check = compare(secret, hash);
      this.right.set(name, check);
    }
    const matches = await check.catch((error) => {
      this.right.delete(name);
      throw error;
    });
    if (!matches) this.right.delete(name);
    return matches;
  }
}

async function compare(secret: string, hash: string): Promise<boolean> {
  const [kind, N, r, p, salt = '', expected = ''] = hash.split('$');
  if (kind !== 'scrypt') return false;
  const cost = { N: Number(N), r: Number(r), p: Number(p) };
  const derived = await derive(secret, Buffer.from(salt, 'base64'), cost);
  const kept = Buffer.from(expected, 'base64');
  return kept.length === derived.length && timingSafeEqual(kept, derived);
}

function derive(secret: string, salt: Buffer, cost: typeof COST): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, BYTES, cost, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64');
}
