import { BoundedMap } from '../../util/bounded-map.js';
import type { Rate, RatePort, RateWindow } from '../ports/rates.js';
import { type Counted, roomAfter, withWithdrawal } from '../rate-windows.js';

/** Requests that were counted under keys of one kind. */
class Counts {
  // An entry that drops out allows more requests than its limits do. That bounds the memory and helps no
  // attacker, who would need applications that ask for a hundred thousand users meanwhile.
  private readonly passed = new BoundedMap<string, Counted[]>(100_000);
  /** The longest time that a request counts. */
  private memoryMs = 0;

  take({ key, ...limits }: Rate, now: number): number {
    const { wait, counted, memoryMs } = roomAfter(this.passed.get(key) ?? [], limits, now);
    this.memoryMs = Math.max(this.memoryMs, memoryMs);
    this.passed.set(key, wait === 0 ? [...counted, now] : counted);
    return wait;
  }

  withdraw(key: string, time: number): void {
    const passed = this.passed.get(key);
    if (passed) this.passed.set(key, withWithdrawal(passed, time));
  }

  delete(key: string): void {
    this.passed.delete(key);
  }

  sweep(now: number): void {
    const idle = now - this.memoryMs;
    this.passed.dropOldest((counted) => {
      const last = counted.at(-1) ?? 0;
      return (typeof last === 'number' ? last : last.withdrawn) <= idle;
    });
  }
}

export class MemoryRates implements RatePort {
  private readonly ofWindows = new Counts();
  /** Apart from the others, which are forgotten sooner. */
  private readonly ofDays = new Counts();

  async take(key: string, windows: readonly RateWindow[], now: number) {
    return this.count({ key, windows }, now);
  }

  count(rate: Rate, now: number): number {
    return (rate.unapproved ? this.ofDays : this.ofWindows).take(rate, now);
  }

  withdraw(key: string, time: number): void {
    for (const counts of [this.ofWindows, this.ofDays]) counts.withdraw(key, time);
  }

  reset(key: string): void {
    for (const counts of [this.ofWindows, this.ofDays]) counts.delete(key);
  }

  sweep(now: number): void {
    for (const counts of [this.ofWindows, this.ofDays]) counts.sweep(now);
  }
}
