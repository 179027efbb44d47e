import type { Logger } from '../observability/logger.js';
import { isLoopback } from '../util/networks.js';
import { FailedTries } from './failed-tries.js';
import { isRefused, type Refusal, type RefusalName } from './refusals.js';

/** An HTTP request: its address, and its name in the log. */
export interface Caller {
  readonly ip: string;
  readonly id: string;
}

/** Failed calls from one address in a minute. */
const MAX_FAILED_CALLS = 100;
const MAX_ADDRESSES = 10_000;
/** The refusals that only strangers and wrong keys get. Applications and phones get the others, too. */
const COUNTED: readonly RefusalName[] = [
  'unknown_app',
  'signature_mismatch',
  'signature_unreadable',
  'wrong_secret',
  'unpaired',
  'signature',
  'replay',
];

/**
 * Refuses an address for a while after too many failed calls. Calls that succeed are not counted,
 * because all calls of an application come from one address. Loopback addresses are never refused:
 * behind a proxy that is not in `trustedProxies`, every call comes from one.
 */
export class FailedCalls {
  private readonly tries: FailedTries;
  private readonly logger: Logger;

  constructor(clock: () => number, logger: Logger) {
    this.tries = new FailedTries(clock, { allowed: MAX_FAILED_CALLS, addresses: MAX_ADDRESSES });
    this.logger = logger;
  }

  /** Identifies the caller, unless the address is refused, and counts a failure. */
  async watch<Result>(
    caller: Caller,
    identify: () => Promise<Result>,
  ): Promise<Result | Refusal<'too_many_failed_calls'>> {
    const { ip } = caller;
    const retryAfterMs = this.tries.wait(ip);
    if (retryAfterMs > 0) return { refused: 'too_many_failed_calls', retryAfterMs };
    const result = await identify();
    // The check for loopback comes last because it is slow.
    if (isRefused(result) && COUNTED.includes(result.refused) && !isLoopback(ip))
      this.count(caller);
    return result;
  }

  private count({ ip, id: requestId }: Caller): void {
    if (!this.tries.fail(ip)) return;
    const help = 'if this is a proxy of yours, add it to trustedProxies';
    this.logger.warn({ requestId, address: ip, help }, 'address refused: too many failed calls');
  }
}
