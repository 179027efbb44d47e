import { isIP } from 'node:net';
import { BoundedMap } from '../bounded-map.js';

const WINDOW = 60_000;

/**
 * Counts what goes wrong from one address: so many tries a minute may. What goes well is not counted,
 * since a whole company may sit behind one address. The count is this process's own.
 */
export class FailedTries {
  private readonly byAddress: BoundedMap<string, number[]>;
  private readonly allowed: number;
  private readonly clock: () => number;

  constructor(clock: () => number, { allowed = 10, addresses = 100_000 } = {}) {
    this.clock = clock;
    this.allowed = allowed;
    this.byAddress = new BoundedMap(addresses);
  }

  /** The milliseconds until a try is allowed, or 0. */
  wait(ip: string): number {
    const now = this.clock();
    const recent = this.recent(ip, now);
    const [oldest = now] = recent;
    return recent.length >= this.allowed ? oldest + WINDOW - now : 0;
  }

  fail(ip: string): void {
    const now = this.clock();
    this.byAddress.set(network(ip), [...this.recent(ip, now), now]);
  }

  /**
   * Counts a try as failed, until the returned function takes it back; or the milliseconds until one is
   * allowed. Counted beforehand, so that tries at the same time do not slip past.
   */
  begin(ip: string): number | (() => void) {
    const wait = this.wait(ip);
    if (wait > 0) return wait;
    const now = this.clock();
    this.fail(ip);
    return () => {
      const counted = this.byAddress.get(network(ip)) ?? [];
      const index = counted.indexOf(now);
      if (index >= 0) counted.splice(index, 1);
    };
  }

  private recent(ip: string, now: number): number[] {
    return (this.byAddress.get(network(ip)) ?? [])
      .map((time) => Math.min(time, now))
      .filter((time) => time > now - WINDOW);
  }
}

/**
 * Of IPv6 the first 64 bits: the rest is its holder's to choose. What a proxy hands on may be no
 * address at all.
 */
function network(ip: string): string {
  if (isIP(ip) !== 6 || ip.startsWith('::ffff:')) return ip;
  return new URL(`http://[${ip.split('%')[0]}]`).hostname
    .slice(1, -1)
    .split(':')
    .slice(0, 4)
    .join(':');
}
