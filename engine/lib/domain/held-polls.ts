/** How a held poll ended: the request changed, its time was up, its client left, the engine closes. */
export type Release = 'changed' | 'timeout' | 'left' | 'closing';

/** A place in the waiting room. */
export interface Hold {
  readonly released: Promise<Release>;
  release(how: Release): void;
  /** When the auth request expires, in engine time, as soon as that is known. */
  expiresAt: number;
}

interface Waiter extends Hold {
  /** When to give up, in real time: a client waits in its own time, whatever the engine's clock says. */
  until: number;
}

/**
 * Polls that wait for an answer. One sweep looks after all of them: ten thousand held polls cost no
 * timer each, and a clock that a test moves is noticed.
 */
export class HeldPolls {
  private readonly byRequest = new Map<string, Set<Waiter>>();
  private count = 0;
  private closed = false;
  onWake: (authRequest: string) => void = () => {};

  get size(): number {
    return this.count;
  }

  /**
   * Enters before the request is looked at, so that an answer between the look and the wait is not
   * missed.
   */
  enter(authRequest: string, milliseconds: number): Hold {
    const waiters = this.byRequest.get(authRequest) ?? new Set<Waiter>();
    this.byRequest.set(authRequest, waiters);
    let settle: (how: Release) => void = () => {};
    const released = new Promise<Release>((resolve) => {
      settle = resolve;
    });
    const waiter: Waiter = {
      released,
      until: performance.now() + milliseconds,
      expiresAt: Number.POSITIVE_INFINITY,
      release: (how) => {
        if (!waiters.delete(waiter)) return;
        this.count -= 1;
        if (waiters.size === 0 && this.byRequest.get(authRequest) === waiters) {
          this.byRequest.delete(authRequest);
        }
        settle(how);
      },
    };
    waiters.add(waiter);
    this.count += 1;
    if (this.closed) waiter.release('closing');
    return waiter;
  }

  /** The auth request was answered, or its session ended: told to whoever shares the data, too. */
  wake(authRequest: string): void {
    this.wakeHere(authRequest);
    this.onWake(authRequest);
  }

  wakeHere(authRequest: string): void {
    for (const waiter of this.byRequest.get(authRequest) ?? []) waiter.release('changed');
  }

  /** Whatever is held may have changed. */
  wakeAll(): void {
    for (const authRequest of this.byRequest.keys()) this.wakeHere(authRequest);
  }

  sweep(now: number): void {
    const real = performance.now();
    for (const waiters of this.byRequest.values()) {
      for (const waiter of waiters) {
        if (waiter.expiresAt <= now) waiter.release('changed');
        else if (waiter.until <= real) waiter.release('timeout');
      }
    }
  }

  close(): void {
    this.closed = true;
    for (const waiters of this.byRequest.values()) {
      for (const waiter of waiters) waiter.release('closing');
    }
  }
}
