export interface QueueLimits {
  maxRunning: number;
  /** An owner of slow jobs cannot delay those of others. */
  maxRunningPerOwner: number;
  /** A slow target cannot delay jobs for others. */
  maxRunningPerTarget: number;
  maxWaiting: number;
  maxWaitingPerOwner: number;
}

/** What a job counts for: the user that it is for, who chose the target, and the target. */
export interface JobKeys {
  owner: string;
  target: string;
}

type Job = () => Promise<void>;

/**
 * Runs jobs in the background, a few at a time: targets take turns, and so do the owners of jobs for one
 * target. Limits hold for each owner, too, because an owner can choose any number of targets. Jobs must
 * not reject.
 */
export class FairQueue {
  private readonly limits: QueueLimits;
  /** Waiting jobs by target and owner. Neither holds an empty collection. */
  private readonly waiting = new Map<string, Map<string, Job[]>>();
  private readonly waitingByOwner = new Counts();
  private readonly running = new Set<Promise<void>>();
  private readonly runningByOwner = new Counts();
  private readonly runningByTarget = new Counts();

  constructor(limits: QueueLimits) {
    this.limits = limits;
  }

  /** Returns `false` if too many jobs wait. */
  add(keys: JobKeys, job: Job): boolean {
    const { maxWaiting, maxWaitingPerOwner } = this.limits;
    const isFull =
      this.waitingByOwner.total >= maxWaiting ||
      this.waitingByOwner.of(keys.owner) >= maxWaitingPerOwner;
    if (this.hasRoom(keys)) this.run(keys, job);
    else if (isFull) return false;
    else this.wait(keys, job);
    return true;
  }

  /** Drops the jobs that wait, and resolves when no job runs. */
  async close(): Promise<void> {
    this.waiting.clear();
    await Promise.all(this.running);
  }

  private hasRoom({ owner, target }: JobKeys): boolean {
    const { maxRunning, maxRunningPerOwner, maxRunningPerTarget } = this.limits;
    return (
      this.running.size < maxRunning &&
      this.runningByTarget.of(target) < maxRunningPerTarget &&
      this.runningByOwner.of(owner) < maxRunningPerOwner
    );
  }

  private wait({ owner, target }: JobKeys, job: Job): void {
    const owners = this.waiting.get(target) ?? new Map<string, Job[]>();
    this.waiting.set(target, owners.set(owner, [...(owners.get(owner) ?? []), job]));
    this.waitingByOwner.add(owner, 1);
  }

  private run(keys: JobKeys, job: Job): void {
    this.runningByOwner.add(keys.owner, 1);
    this.runningByTarget.add(keys.target, 1);
    const done = job().finally(() => {
      this.running.delete(done);
      this.runningByOwner.add(keys.owner, -1);
      this.runningByTarget.add(keys.target, -1);
      for (let next = this.next(); next; next = this.next()) this.start(next);
    });
    this.running.add(done);
  }

  private start(next: JobKeys): void {
    const { owner, target } = next;
    const owners = this.waiting.get(target);
    const [job, ...others] = owners?.get(owner) ?? [];
    if (!owners || !job) return;
    this.waitingByOwner.add(owner, -1);
    // Moved to the end: the next job is one of another target, and of another owner.
    owners.delete(owner);
    if (others.length > 0) owners.set(owner, others);
    this.waiting.delete(target);
    if (owners.size > 0) this.waiting.set(target, owners);
    this.run(next, job);
  }

  /** Returns the keys of the next job that there is room for. */
  private next(): JobKeys | undefined {
    if (this.running.size >= this.limits.maxRunning) return undefined;
    for (const [target, owners] of this.waiting) {
      if (this.runningByTarget.of(target) >= this.limits.maxRunningPerTarget) continue;
      for (const owner of owners.keys()) {
        if (this.hasRoom({ owner, target })) return { owner, target };
      }
    }
    return undefined;
  }
}

/** Numbers by name, which keep no name with 0. */
class Counts {
  total = 0;
  private readonly byName = new Map<string, number>();

  of(name: string): number {
    return this.byName.get(name) ?? 0;
  }

  add(name: string, change: 1 | -1): void {
    const count = this.of(name) + change;
    this.total += change;
    if (count > 0) this.byName.set(name, count);
    else this.byName.delete(name);
  }
}
