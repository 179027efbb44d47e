import { BoundedMap } from '../util/bounded-map.js';

/** How many envelopes are remembered: at one call a second, those of two days. */
export const MAX_REMEMBERED = 200_000;

/**
 * Remembers when envelopes were first seen. Beyond its limit the oldest drops out and counts as new
 * when it comes again.
 *
 * Ages are counted by the engine's clock, which somebody may set: a clock that is put back makes no
 * envelope younger. What the clock loses is left out of the count, as long as {@link count} is called
 * often.
 */
export class FirstSeen {
  private readonly seen: BoundedMap<string, number>;
  private readonly clock: () => number;
  private readAt: number;
  /** Milliseconds that the clock has gone forward. */
  private elapsed = 0;

  constructor(clock: () => number, limit = MAX_REMEMBERED) {
    this.clock = clock;
    this.readAt = clock();
    this.seen = new BoundedMap(limit);
  }

  get size(): number {
    return this.seen.size;
  }

  /** Remembers that the envelope was seen now, unless it was seen before. */
  note(envelope: string): void {
    this.count();
    if (!this.seen.has(envelope)) this.seen.set(envelope, this.elapsed);
  }

  /** Milliseconds since the envelope was first seen; `undefined` for one that is not remembered. */
  age(envelope: string): number | undefined {
    this.count();
    const at = this.seen.get(envelope);
    return at === undefined ? undefined : this.elapsed - at;
  }

  /** Counts the time since the last call. */
  count(): void {
    const now = this.clock();
    this.elapsed += Math.max(0, now - this.readAt);
    this.readAt = now;
  }
}
