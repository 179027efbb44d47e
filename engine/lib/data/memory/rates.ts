import { BoundedMap } from '../../bounded-map.js';
import type { RateWindow } from '../records.js';

/** When the last few events of a kind, as auth requests for a user and application, were let through. */
export class MemoryRates {
  // One that falls out early is let through early: a bound on memory, not a door for an attacker,
  // who would have to own applications that ask for a hundred thousand users within the window.
  private readonly passed = new BoundedMap<string, number[]>(100_000);
  /** How far back the windows look, in milliseconds. */
  private memory = 0;

  take(key: string, windows: readonly RateWindow[], now: number): number {
    // The longest of all kinds that are counted here.
    const longest = Math.max(...windows.map((window) => window.seconds)) * 1000;
    this.memory = Math.max(this.memory, longest);
    // A clock that was put back must not make anybody wait until it is there again.
    const times = (this.passed.get(key) ?? [])
      .map((time) => Math.min(time, now))
      .filter((time) => time > now - this.memory);
    let wait = 0;
    for (const window of windows) {
      const since = now - window.seconds * 1000;
      const inside = times.filter((time) => time > since);
      if (inside.length < window.requests) continue;
      const freeing = inside[inside.length - window.requests] ?? now;
      wait = Math.max(wait, freeing - since);
    }
    if (wait === 0) times.push(now);
    this.passed.set(key, times);
    return wait;
  }

  sweep(now: number): void {
    const idle = now - this.memory;
    this.passed.dropOldest((times) => (times.at(-1) ?? 0) <= idle);
  }
}
