import { BoundedMap } from '../util/bounded-map.js';

/** Envelopes that are remembered. At one call a second these are the envelopes of two days. */
export const MAX_REMEMBERED = 200_000;

/**
 * Remembers when envelopes were first seen. Beyond the limit the oldest entry is removed, and its
 * envelope counts as new.
 *
 * Ages are counted in the engine's time. A clock that is put back makes no envelope younger, because
 * only the time that the clock goes forward is counted. For this, {@link count} must be called often.
 */
export class FirstSeen {
  private readonly seen: BoundedMap<string, number>;
  private readonly clock: () => number;
  private readAt: number;
  /** Sum of the milliseconds by which the clock has gone forward. */
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
