import { isIP } from 'node:net';
import { BoundedMap } from '../util/bounded-map.js';

const WINDOW_MS = 60_000;

/**
 * Limits failed attempts per address and minute. Successful attempts are not counted, because a whole
 * company can share one address. Each process counts for itself.
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

  /** Returns the milliseconds until an attempt is allowed, or 0. */
  wait(ip: string): number {
    const now = this.clock();
    return this.waitAfter(this.recent(network(ip), now), now);
  }

  /** Counts a failed attempt, and returns whether further ones are refused from now on. */
  fail(ip: string): boolean {
    return typeof this.begin(ip) !== 'number' && this.wait(ip) > 0;
  }

  /**
   * Counts an attempt as failed and returns the function that takes it back, or returns the milliseconds
   * until an attempt is allowed. Attempts are counted before they are made, so that concurrent ones do
   * not exceed the limit.
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
    return recent.length >= this.allowed ? oldest + WINDOW_MS - now : 0;
  }

  private recent(key: string, now: number): number[] {
    const counted = this.byAddress.get(key) ?? [];
    // Stored, so that after the clock was put back a wait has its own length, however often it is read.
    if (counted.some((time) => time > now)) {
      this.byAddress.set(
        key,
        counted.map((time) => Math.min(time, now)),
      );
    }
    return (this.byAddress.get(key) ?? []).filter((time) => time > now - WINDOW_MS);
  }
}

/**
 * Returns what counts as one address: the first 64 bits of an IPv6 address, whose holder chooses the
 * rest, but all of an IPv4 address, also one in IPv6 notation. A proxy can append a port, or send a text
 * that is not an address.
 */
function network(given: string): string {
  const ip = given.replace(/^([\d.]+):\d+$/, '$1').replace(/^\[(.+)\](:\d+)?$/, '$1');
  if (isIP(ip) !== 6) return ip;
  const groups = groupsOf(ip);
  const isIPv4 = groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff';
  return (isIPv4 ? groups : groups.slice(0, 4)).join(':');
}

/** Returns the eight groups of an IPv6 address in any notation. */
function groupsOf(ip: string): string[] {
  const { hostname } = new URL(`http://[${ip.split('%')[0]}]`);
  const [head = [], tail = []] = hostname
    .slice(1, -1)
    .split('::')
    .map((part) => part.split(':').filter(Boolean));
  return [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail];
}
