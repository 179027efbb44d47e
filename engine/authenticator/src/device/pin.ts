import { utf8 } from './bytes.js';
import { EC, type PublicJwk, publicJwk } from './keys.js';
import { type PinKey, updatePairing } from './store.js';

const MAX_TRIES = 5;
const ROUNDS = 600_000;
const HMAC: HmacKeyGenParams = { name: 'HMAC', hash: 'SHA-256' };

/** A new knowledge key, wrapped by the PIN, and its public half. */
export async function makePinKey(pin: string): Promise<{ kept: PinKey; publicKey: PublicJwk }> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey(EC, true, ['sign', 'verify']);
  return { kept: await wrap(privateKey, pin), publicKey: await publicJwk(publicKey) };
}

/** The same knowledge key, wrapped by another PIN. */
export async function changePin(pin: string, next: string): Promise<PinKey | number> {
  const key = await unlock(pin, true);
  return typeof key === 'number' ? key : await wrap(key, next);
}

/**
 * The knowledge key, or how many tries are left. A try is counted before it is made, so that it counts
 * whatever happens to the page; with the last one the key is gone.
 */
export async function unlock(pin: string, extractable = false): Promise<CryptoKey | number> {
  const { pin: kept } = await updatePairing(({ pin: before, ...rest }) => {
    if (!before || before.tries >= MAX_TRIES) return rest;
    return { ...rest, pin: { ...before, tries: before.tries + 1 } };
  });
  if (!kept) return 0;
  try {
    const wrapping = await wrappingKey(kept, pin);
    const algorithm = { name: 'AES-GCM', iv: kept.iv };
    const key = await crypto.subtle.unwrapKey(
      'pkcs8',
      kept.wrapped,
      wrapping,
      algorithm,
      EC,
      extractable,
      ['sign'],
    );
    await updatePairing((pairing) =>
      pairing.pin ? { ...pairing, pin: { ...pairing.pin, tries: 0 } } : pairing,
    );
    return key;
  } catch {
    const left = MAX_TRIES - kept.tries;
    if (left <= 0) await updatePairing(({ pin: _spent, ...rest }) => rest);
    return left;
  }
}

async function wrap(key: CryptoKey, pin: string): Promise<PinKey> {
  const secret = await crypto.subtle.generateKey(HMAC, false, ['sign']);
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const wrapping = await wrappingKey({ secret, salt }, pin);
  const wrapped = await crypto.subtle.wrapKey('pkcs8', key, wrapping, { name: 'AES-GCM', iv });
  return { secret, salt, iv, wrapped, tries: 0 };
}

/** Slow to make from a PIN, and not at all without this browser's secret. */
async function wrappingKey(
  { secret, salt }: Pick<PinKey, 'secret' | 'salt'>,
  pin: string,
): Promise<CryptoKey> {
  const given = await crypto.subtle.importKey('raw', utf8(pin), 'PBKDF2', false, ['deriveBits']);
  const slow = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations: ROUNDS };
  const bits = await crypto.subtle.deriveBits(slow, given, 256);
  const mixed = await crypto.subtle.sign(HMAC.name, secret, bits);
  return await crypto.subtle.importKey('raw', mixed, 'AES-GCM', false, ['wrapKey', 'unwrapKey']);
}
