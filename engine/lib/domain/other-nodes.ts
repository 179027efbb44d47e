import type { Repository } from '../data/repository.js';
import type { Changes } from './changes.js';
import type { HeldPolls } from './held-polls.js';

/** How often it is looked for answers that were not heard of, in milliseconds of real time. */
const LOOK = 1000;
/** How far back: the clocks of the machines may differ by so much. */
const BACK = 10_000;

/**
 * Keeps what waits here in step with the other engines on the same data: they announce what changes,
 * and since an announcement may get lost with who makes it, held polls are looked after besides.
 */
export class OtherNodes {
  private readonly repository: Repository;
  private readonly heldPolls: HeldPolls;
  private readonly changes: Changes;
  private readonly clock: () => number;
  private lookedAt = Number.NEGATIVE_INFINITY;

  constructor(repository: Repository, heldPolls: HeldPolls, changes: Changes, clock: () => number) {
    this.repository = repository;
    this.heldPolls = heldPolls;
    this.changes = changes;
    this.clock = clock;
    heldPolls.onWake = (authRequest) => repository.announce({ authRequest });
    changes.onNotify = (userId) => repository.announce({ userId });
    repository.onAnnounced((announced) => {
      if (announced === 'any') this.wakeHere();
      else if ('userId' in announced) changes.notifyHere(announced.userId);
      else heldPolls.wakeHere(announced.authRequest);
    });
  }

  /** Whatever is held, here and elsewhere, is looked at anew: for what is rare and concerns many. */
  wakeEverywhere(): void {
    this.wakeHere();
    this.repository.announce('any');
  }

  async look(): Promise<void> {
    if (!this.repository.shared) return;
    const now = performance.now();
    if (this.heldPolls.size === 0 || now - this.lookedAt < LOOK) return;
    this.lookedAt = now;
    const answered = await this.repository.answeredSince(this.clock() - BACK);
    for (const authRequest of answered) this.heldPolls.wakeHere(authRequest);
  }

  private wakeHere(): void {
    this.heldPolls.wakeAll();
    this.changes.notifyAll();
  }
}
