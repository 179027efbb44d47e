import type { Logger } from '../observability/logger.js';
import { isLoopback } from '../util/networks.js';
import { DeviceRefusal } from './device-refusal.js';
import { FailedTries } from './failed-tries.js';
import { Reason, Refusal } from './refusal.js';

/** In a minute, from one address. */
const ALLOWED = 100;
const ADDRESSES = 10_000;
/** What only strangers and mistaken keys come to; all else happens to applications and phones, too. */
const REASONS: readonly number[] = [
  Reason.unknownApp,
  Reason.signatureMismatch,
  Reason.signatureUnreadable,
  Reason.wrongSecret,
];
const CODES: readonly string[] = ['unpaired', 'signature', 'replay'];

/**
 * Refuses for a while those who come again and again without being anybody. Calls that are what they
 * should be are not counted: applications make all of theirs from one address.
 *
 * This machine is never refused: where the engine was not told of a proxy, it is everybody.
 */
export class FailedCalls {
  private readonly tries: FailedTries;
  private readonly logger: Logger;

  constructor(clock: () => number, logger: Logger) {
    this.tries = new FailedTries(clock, { allowed: ALLOWED, addresses: ADDRESSES });
    this.logger = logger;
  }

  /** Does what finds out who calls; throws what `refusal` makes of a wait in milliseconds. */
  async watch<T>(
    ip: string,
    identify: () => Promise<T>,
    refusal: (wait: number) => Error,
  ): Promise<T> {
    const wait = this.tries.wait(ip);
    if (wait > 0) throw refusal(wait);
    try {
      return await identify();
    } catch (error) {
      // Here and not before: where an address lies takes longer to find out than what it has done.
      if (isStrange(error) && !isLoopback(ip)) this.count(ip);
      throw error;
    }
  }

  private count(ip: string): void {
    if (!this.tries.fail(ip)) return;
    const help = 'if it is a proxy of yours, name it in trustedProxies';
    this.logger.warn({ address: ip, help }, 'an address is refused: too many calls failed');
  }
}

function isStrange(error: unknown): boolean {
  if (error instanceof Refusal) return REASONS.includes(error.reason);
  return error instanceof DeviceRefusal && CODES.includes(error.code);
}
