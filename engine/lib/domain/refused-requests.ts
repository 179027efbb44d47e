import { BoundedMap } from '../util/bounded-map.js';
import type { Audit, AuditSubject } from './audit.js';

/** Further refusals of one kind are counted for so long, and then written down together. */
const PERIOD_MS = 3_600_000;
const MAX_KINDS = 10_000;

interface Counted {
  about: AuditSubject;
  reason: string;
  since: number;
  count: number;
}

/**
 * Writes refused auth requests to the audit trail. A flood must not fill it: the first refusal of a user,
 * an application and a reason is written at once, and those of the hour that follows as one entry. Each
 * process counts for itself, and a process that is killed loses its counts.
 */
export class RefusedRequests {
  private readonly audit: Audit;
  private readonly clock: () => number;
  /** The oldest first. */
  private readonly counted = new BoundedMap<string, Counted>(MAX_KINDS);

  constructor(audit: Audit, clock: () => number) {
    this.audit = audit;
    this.clock = clock;
  }

  async count(about: AuditSubject, reason: string): Promise<void> {
    const key = JSON.stringify([about.appKey, about.userId, reason]);
    const known = this.counted.get(key);
    if (known) {
      known.count += 1;
      return;
    }
    this.counted.set(key, { about, reason, since: this.clock(), count: 0 });
    await this.write({ about, reason, count: 1 });
  }

  /** Writes down what was counted in periods that are over, or that a clock which was put back left. */
  async sweep(now: number): Promise<void> {
    await this.writeWhere(({ since }) => since > now || since <= now - PERIOD_MS);
  }

  async close(): Promise<void> {
    await this.writeWhere(() => true);
  }

  private async writeWhere(isOver: (counted: Counted) => boolean): Promise<void> {
    const over: Counted[] = [];
    this.counted.dropOldest((counted) => {
      if (!isOver(counted)) return false;
      over.push(counted);
      return true;
    });
    for (const counted of over) if (counted.count > 0) await this.write(counted);
  }

  private async write({ about, reason, count }: Omit<Counted, 'since'>): Promise<void> {
    await this.audit.write('request.refused', about, { reason, count });
  }
}
