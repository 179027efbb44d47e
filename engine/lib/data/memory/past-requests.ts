import { BoundedMap } from '../../util/bounded-map.js';
import type { PastRequest } from '../ports/requests.js';
import { REMEMBER_PAST_MS } from '../retention.js';

const MAX_PAST_REQUESTS = 100_000;

/** Tokens that were used, so that a past request is told apart from an unknown one. */
export class PastRequests {
  private readonly byToken = new BoundedMap<string, PastRequest & { until: number }>(
    MAX_PAST_REQUESTS,
  );
  private now = 0;

  get(authRequest: string): PastRequest | undefined {
    return this.byToken.get(authRequest);
  }

  add(
    authRequest: string,
    appKey: string,
    how: Partial<Pick<PastRequest, 'hadSession' | 'withdrawn'>> = {},
  ): void {
    const until = this.now + REMEMBER_PAST_MS;
    this.byToken.set(authRequest, { past: true, appKey, hadSession: false, ...how, until });
  }

  sweep(now: number): void {
    this.now = now;
    this.byToken.dropOldest(({ until }) => until <= now);
  }
}
