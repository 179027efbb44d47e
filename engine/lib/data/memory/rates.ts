import { BoundedMap } from '../../util/bounded-map.js';
import { timeUntilRoom } from '../rates.js';
import type { RateWindow } from '../records.js';

/** When the last few events of a kind, as auth requests for a user and application, were let through. */
export class MemoryRates {
  // One that falls out early is let through early: a bound on memory, not a door for an attacker,
  // who would have to own applications that ask for a hundred thousand users within the window.
  private readonly passed = new BoundedMap<string, number[]>(100_000);
  /** How far back the windows look, in milliseconds. */
  private memory = 0;

  take(key: string, windows: readonly RateWindow[], now: number): number {
    const { wait, times, memory } = timeUntilRoom(this.passed.get(key) ?? [], windows, now);
    // The longest of all kinds that are counted here.
    this.memory = Math.max(this.memory, memory);
    if (wait === 0) times.push(now);
    this.passed.set(key, times);
    return wait;
  }

  sweep(now: number): void {
    const idle = now - this.memory;
    this.passed.dropOldest((times) => (times.at(-1) ?? 0) <= idle);
  }
}
