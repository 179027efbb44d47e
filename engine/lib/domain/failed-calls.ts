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
 * Tells an address no reasons for a while after too many failed calls. Calls with valid credentials are
 * always accepted: applications and phones share addresses with strangers, and every web page can make
 * its visitors' browsers send failing calls. Loopback addresses are exempt: behind a proxy that is not in
 * `trustedProxies`, every call comes from one.
 */
export class FailedCalls {
  private readonly tries: FailedTries;
  private readonly logger: Logger;

  constructor(clock: () => number, logger: Logger) {
    this.tries = new FailedTries(clock, { allowed: MAX_FAILED_CALLS, addresses: MAX_ADDRESSES });
    this.logger = logger;
  }

  /** Identifies the caller, and counts a failure or hides its reason. */
  async watch<Result>(
    caller: Caller,
    identify: () => Promise<Result>,
  ): Promise<Result | Refusal<'too_many_failed_calls'>> {
    const { ip } = caller;
    const result = await identify();
    // The check for loopback comes last because it is slow.
    const counts = isRefused(result) && COUNTED.includes(result.refused) && !isLoopback(ip);
    if (!counts) return result;
    const retryAfterMs = this.tries.wait(ip);
    if (retryAfterMs > 0) return { refused: 'too_many_failed_calls', retryAfterMs };
    this.count(caller);
    return result;
  }

  private count({ ip, id: requestId }: Caller): void {
    if (!this.tries.fail(ip)) return;
    const help = 'if this is a proxy of yours, add it to trustedProxies';
    this.logger.warn({ requestId, address: ip, help }, 'too many failed calls from one address');
  }
}
