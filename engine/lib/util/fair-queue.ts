interface Group {
  running: number;
  waiting: (() => Promise<void>)[];
}

export interface QueueLimits {
  maxRunning: number;
  /** A slow group cannot delay the others. */
  maxRunningPerGroup: number;
  maxWaiting: number;
}

/** Runs jobs in the background, a few at a time, one group after the other. Jobs must not reject. */
export class FairQueue {
  private readonly limits: QueueLimits;
  private readonly groups = new Map<string, Group>();
  private readonly running = new Set<Promise<void>>();
  private waiting = 0;

  constructor(limits: QueueLimits) {
    this.limits = limits;
  }

  /** Returns `false` if too many jobs wait. */
  add(name: string, job: () => Promise<void>): boolean {
    if (this.waiting >= this.limits.maxWaiting) return false;
    const group = this.groups.get(name) ?? { running: 0, waiting: [] };
    this.groups.set(name, group);
    group.waiting.push(job);
    this.waiting += 1;
    this.start();
    return true;
  }

  /** Drops the jobs that wait, and resolves when no job runs. */
  async close(): Promise<void> {
    for (const group of this.groups.values()) group.waiting.length = 0;
    this.waiting = 0;
    await Promise.all(this.running);
  }

  private start(): void {
    for (const [name, group] of this.groups) {
      if (this.running.size >= this.limits.maxRunning) return;
      if (group.running >= this.limits.maxRunningPerGroup) continue;
      const job = group.waiting.shift();
      if (!job) continue;
      this.waiting -= 1;
      // Moved to the end: its next job starts after one of every other group.
      this.groups.delete(name);
      this.groups.set(name, group);
      this.run(name, group, job);
    }
  }

  private run(name: string, group: Group, job: () => Promise<void>): void {
    group.running += 1;
    const done = job().finally(() => {
      group.running -= 1;
      this.running.delete(done);
      if (group.running === 0 && group.waiting.length === 0) this.groups.delete(name);
      this.start();
    });
    this.running.add(done);
  }
}
