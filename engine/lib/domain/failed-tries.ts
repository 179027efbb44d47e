import { isIP } from 'node:net';
import { BoundedMap } from '../util/bounded-map.js';

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
    return this.waitAfter(this.recent(network(ip), now), now);
  }

  /** Counts a failed try unless none is allowed now, and returns whether it was the last for a while. */
  fail(ip: string): boolean {
    return typeof this.begin(ip) !== 'number' && this.wait(ip) > 0;
  }

  /**
   * Counts a try as failed, until the returned function takes it back; or the milliseconds until one is
   * allowed. Counted beforehand, so that tries at the same time do not slip past.
   */
  begin(ip: string): number | (() => void) {
    const now = this.clock();
    const key = network(ip);
    const recent = this.recent(key, now);
    const wait = this.waitAfter(recent, now);
    if (wait > 0) return wait;
    this.byAddress.set(key, [...recent, now]);
    return () => {
      const counted = this.byAddress.get(key) ?? [];
      const index = counted.indexOf(now);
      if (index >= 0) counted.splice(index, 1);
    };
  }

  private waitAfter(recent: readonly number[], now: number): number {
    const [oldest = now] = recent;
    return recent.length >= this.allowed ? oldest + WINDOW - now : 0;
  }

  private recent(key: string, now: number): number[] {
    return (this.byAddress.get(key) ?? [])
      .map((time) => Math.min(time, now))
      .filter((time) => time > now - WINDOW);
  }
}

/**
 * Of IPv6 the first 64 bits: the rest is its holder's to choose; but all of an IPv4 address that is
 * written as IPv6. What a proxy hands on may have a port, or be no address at all.
 */
function network(given: string): string {
  const ip = given.replace(/^([\d.]+):\d+$/, '$1').replace(/^\[(.+)\](:\d+)?$/, '$1');
  if (isIP(ip) !== 6) return ip;
  const groups = groupsOf(ip);
  const isIPv4 = groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff';
  return (isIPv4 ? groups : groups.slice(0, 4)).join(':');
}

/** The eight groups of an IPv6 address, in whichever way it is written. */
function groupsOf(ip: string): string[] {
  const { hostname } = new URL(`http://[${ip.split('%')[0]}]`);
  const [head = [], tail = []] = hostname
    .slice(1, -1)
    .split('::')
    .map((part) => part.split(':').filter(Boolean));
  return [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail];
}
