import { BoundedMap } from '../../util/bounded-map.js';
import type { RatePort, RateWindow } from '../ports/rates.js';
import { timeUntilRoom } from '../rate-windows.js';

export class MemoryRates implements RatePort {
  // An entry that drops out allows more events than its windows do. That bounds the memory and helps no
  // attacker, who would need applications that ask for a hundred thousand users within one window.
  private readonly passed = new BoundedMap<string, number[]>(100_000);
  /** How far back the windows reach. */
  private memoryMs = 0;

  async take(key: string, windows: readonly RateWindow[], now: number) {
    return this.count(key, windows, now);
  }

  count(key: string, windows: readonly RateWindow[], now: number): number {
    const { wait, times, memoryMs } = timeUntilRoom(this.passed.get(key) ?? [], windows, now);
    // The longest of all kinds that are counted here.
    this.memoryMs = Math.max(this.memoryMs, memoryMs);
    if (wait === 0) times.push(now);
    this.passed.set(key, times);
    return wait;
  }

  sweep(now: number): void {
    const idle = now - this.memoryMs;
    this.passed.dropOldest((times) => (times.at(-1) ?? 0) <= idle);
  }
}
