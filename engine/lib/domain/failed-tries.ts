import { BoundedMap } from '../bounded-map.js';

const WINDOW = 60_000;
const ALLOWED = 10;

/**
 * Counts what goes wrong from one address: ten tries a minute may. What goes well is not counted, since
 * a whole company may sit behind one address. The count is this process's own.
 */
export class FailedTries {
  private readonly byAddress = new BoundedMap<string, number[]>(100_000);
  private readonly clock: () => number;

  constructor(clock: () => number) {
    this.clock = clock;
  }

  /**
   * Counts a try as failed, until the returned function takes it back; or the milliseconds until one is
   * allowed. Counted beforehand, so that tries at the same time do not slip past.
   */
  begin(ip: string): number | (() => void) {
    const address = network(ip);
    const now = this.clock();
    const recent = (this.byAddress.get(address) ?? [])
      .map((time) => Math.min(time, now))
      .filter((time) => time > now - WINDOW);
    const [oldest = now] = recent;
    if (recent.length >= ALLOWED) return oldest + WINDOW - now;
    recent.push(now);
    this.byAddress.set(address, recent);
    return () => {
      const counted = this.byAddress.get(address) ?? [];
      const index = counted.indexOf(now);
      if (index >= 0) counted.splice(index, 1);
    };
  }
}

/** Of IPv6 the first 64 bits: the rest is its holder's to choose. */
function network(ip: string): string {
  if (!ip.includes(':') || ip.startsWith('::ffff:')) return ip;
  return new URL(`http://[${ip.split('%')[0]}]`).hostname
    .slice(1, -1)
    .split(':')
    .slice(0, 4)
    .join(':');
}
