import { type Place, StoreFullError } from './store.js';

/**
 * The pending slots of {@link MemoryStore}: for each limit, when each slot that is taken becomes
 * free. The limit that was used last stands last.
 */
export class MemorySlots {
  private readonly taken = new Map<string, Map<string, number>>();
  private readonly maxLogins: number;

  constructor(maxLogins: number) {
    this.maxLogins = maxLogins;
  }

  /** See {@link Store.takePlace}. */
  take({ of, id }: Place, limit: number, ttl: number): number | null {
    const now = Date.now();
    const slots = this.taken.get(of) ?? new Map<string, number>();
    dropExpired(slots, now);
    if (slots.size >= limit) return Math.min(...slots.values()) - now;
    if (!this.taken.has(of)) this.makeRoom(now);
    this.taken.delete(of);
    this.taken.set(of, slots.set(id, now + ttl));
    return null;
  }

  /** See {@link Store.leavePlace}. */
  giveBack({ of, id }: Place): void {
    const slots = this.taken.get(of);
    slots?.delete(id);
    if (slots?.size === 0) this.taken.delete(of);
  }

  /** Removes limits without taken slots: those in front, and all of them if the map is full. */
  private makeRoom(now: number): void {
    // A login takes a slot of its user and, mostly, one of its browser.
    const max = 2 * this.maxLogins;
    const full = this.taken.size >= max;
    for (const [of, slots] of this.taken) {
      dropExpired(slots, now);
      if (slots.size === 0) this.taken.delete(of);
      else if (!full) break;
    }
    if (this.taken.size >= max) throw new StoreFullError(this.maxLogins);
  }
}

function dropExpired(slots: Map<string, number>, now: number): void {
  for (const [id, expiresAt] of slots) {
    if (expiresAt <= now) slots.delete(id);
  }
}
