import type { Signals } from './signals.js';

/**
 * How a held poll ended: its auth request changed, its time was up, its client disconnected, or the
 * engine closes.
 */
export type Release = 'changed' | 'timeout' | 'disconnected' | 'closing';

/** One held poll. */
export interface HeldPoll {
  readonly released: Promise<Release>;
  release(how: Release): void;
  /** When the auth request expires, in engine time. The caller sets it after reading the request. */
  expiresAt: number;
}

interface Waiter extends HeldPoll {
  /** When the poll times out, in real time: a client waits by its own clock, not by the engine's. */
  timeoutAt: number;
}

/**
 * The polls that wait for an answer. One sweep serves all of them, so ten thousand held polls need no
 * timers of their own, and a test that moves the engine's clock needs no real time.
 */
export class HeldPolls {
  private readonly signals: Signals;
  private readonly waiting = new Set<Waiter>();
  private closed = false;

  constructor(signals: Signals) {
    this.signals = signals;
  }

  get size(): number {
    return this.waiting.size;
  }

  /**
   * Holds a poll. Call it before reading the auth request, so that an answer between the read and the
   * wait is not missed.
   */
  enter(authRequest: string, waitMs: number): HeldPoll {
    let resolve: (how: Release) => void = () => {};
    const released = new Promise<Release>((settle) => {
      resolve = settle;
    });
    const unsubscribe = this.signals.subscribe({ authRequest }, () => waiter.release('changed'));
    const waiter: Waiter = {
      released,
      timeoutAt: performance.now() + waitMs,
      expiresAt: Number.POSITIVE_INFINITY,
      release: (how) => {
        if (!this.waiting.delete(waiter)) return;
        unsubscribe();
        resolve(how);
      },
    };
    this.waiting.add(waiter);
    if (this.closed) waiter.release('closing');
    return waiter;
  }

  /** Releases the polls whose auth request has expired or whose time is up. */
  sweep(now: number): void {
    const realNow = performance.now();
    for (const waiter of this.waiting) {
      if (waiter.expiresAt <= now) waiter.release('changed');
      else if (waiter.timeoutAt <= realNow) waiter.release('timeout');
    }
  }

  /** Answers the polls as if their time were up. */
  timeOut(): void {
    for (const waiter of this.waiting) waiter.release('timeout');
  }

  close(): void {
    this.closed = true;
    for (const waiter of this.waiting) waiter.release('closing');
  }
}
