import type { KeyObject } from 'node:crypto';
import { verify } from '../crypto/rsa.js';
import type { EngineClock, Reading } from './engine-clock.js';

/** How old an event may be, and how far ahead, in engine time. */
const MAX_EVENT_AGE_MS = 300_000;

/** What the engine has signed. */
export interface SignedEvent {
  /** The texts that the signature may cover. */
  texts: readonly string[];
  signature: Buffer;
  /** The time that the text names; `null` where it names none. */
  time: Date | null;
}

/** `forged` comes before `stale`: the time of an event that the engine has not signed means nothing. */
export type SignatureVerdict = 'valid' | 'forged' | 'stale';

/**
 * Verifies the engine's signature over an event, and that the event is at most five minutes old. If
 * it fails, the key may have been rotated or the clock may be wrong: it is tried again after a new
 * ping, where one is allowed.
 */
export async function verifySignature(
  event: SignedEvent,
  clock: EngineClock,
): Promise<SignatureVerdict> {
  const verdict = await verifyWith(await clock.forEvent(), event, clock);
  if (verdict === 'valid') return verdict;
  const renewed = await clock.renewedForEvent();
  return renewed ? verifyWith(renewed, event, clock) : verdict;
}

async function verifyWith(
  reading: Reading,
  { texts, signature, time }: SignedEvent,
  clock: EngineClock,
): Promise<SignatureVerdict> {
  if (!(await isSigned(texts, signature, clock.eventKeys(reading)))) return 'forged';
  return time && isFresh(time, reading) ? 'valid' : 'stale';
}

async function isSigned(
  texts: readonly string[],
  signature: Buffer,
  keys: readonly KeyObject[],
): Promise<boolean> {
  for (const key of keys) {
    for (const text of texts) {
      if (await verify(key, Buffer.from(text), signature)) return true;
    }
  }
  return false;
}

function isFresh(time: Date, reading: Reading): boolean {
  return Math.abs(performance.now() + reading.offset - time.getTime()) <= MAX_EVENT_AGE_MS;
}
