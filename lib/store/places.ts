import { type Place, StoreFullError } from './store.js';

/**
 * The places of {@link MemoryStore}: for what they are counted, and in each when the ones that are
 * taken fall free. What was used last stands last.
 */
export class Places {
  private readonly taken = new Map<string, Map<string, number>>();
  private readonly maxLogins: number;

  constructor(maxLogins: number) {
    this.maxLogins = maxLogins;
  }

  /** See {@link Store.takePlace}. */
  take({ of, id }: Place, limit: number, ttl: number): number | null {
    const now = Date.now();
    const places = this.taken.get(of) ?? new Map<string, number>();
    dropFree(places, now);
    if (places.size >= limit) return Math.min(...places.values()) - now;
    if (!this.taken.has(of)) this.makeRoom(now);
    this.taken.delete(of);
    this.taken.set(of, places.set(id, now + ttl));
    return null;
  }

  /** See {@link Store.leavePlace}. */
  leave({ of, id }: Place): void {
    const places = this.taken.get(of);
    places?.delete(id);
    if (places?.size === 0) this.taken.delete(of);
  }

  /** Forgets those in front that are free, and where that is not enough, all that are. */
  private makeRoom(now: number): void {
    // Each login counts for its user, and mostly for its browser as well.
    const most = 2 * this.maxLogins;
    const full = this.taken.size >= most;
    for (const [of, places] of this.taken) {
      dropFree(places, now);
      if (places.size === 0) this.taken.delete(of);
      else if (!full) break;
    }
    if (this.taken.size >= most) throw new StoreFullError(this.maxLogins);
  }
}

function dropFree(places: Map<string, number>, now: number): void {
  for (const [id, until] of places) {
    if (until <= now) places.delete(id);
  }
}
