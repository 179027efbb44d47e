interface Lane {
  running: number;
  waiting: (() => Promise<void>)[];
}

/** How much runs and waits at one time. */
export interface LaneLimits {
  running: number;
  /** So that one that is slow does not hold the others up. */
  runningPerLane: number;
  waiting: number;
}

/** Runs jobs in the background, a few at a time, the lanes in turn. Jobs must not reject. */
export class FairQueue {
  private readonly limits: LaneLimits;
  private readonly lanes = new Map<string, Lane>();
  private readonly running = new Set<Promise<void>>();
  private waiting = 0;

  constructor(limits: LaneLimits) {
    this.limits = limits;
  }

  /** `false` if too many jobs are waiting. */
  add(name: string, job: () => Promise<void>): boolean {
    if (this.waiting >= this.limits.waiting) return false;
    const lane = this.lanes.get(name) ?? { running: 0, waiting: [] };
    this.lanes.set(name, lane);
    lane.waiting.push(job);
    this.waiting += 1;
    this.start();
    return true;
  }

  /** Forgets what is waiting; resolves when nothing runs any more. */
  async close(): Promise<void> {
    for (const lane of this.lanes.values()) lane.waiting.length = 0;
    this.waiting = 0;
    await Promise.all(this.running);
  }

  private start(): void {
    for (const [name, lane] of this.lanes) {
      if (this.running.size >= this.limits.running) return;
      if (lane.running >= this.limits.runningPerLane) continue;
      const job = lane.waiting.shift();
      if (!job) continue;
      this.waiting -= 1;
      // At the end it is visited again, after all others.
      this.lanes.delete(name);
      this.lanes.set(name, lane);
      this.run(name, lane, job);
    }
  }

  private run(name: string, lane: Lane, job: () => Promise<void>): void {
    lane.running += 1;
    const done = job().finally(() => {
      lane.running -= 1;
      this.running.delete(done);
      if (lane.running === 0 && lane.waiting.length === 0) this.lanes.delete(name);
      this.start();
    });
    this.running.add(done);
  }
}
