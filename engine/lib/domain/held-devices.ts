import type { Signals } from './signals.js';

/** What a waiting device learns: the user's state may have changed, the wait ended, or the engine closes. */
export type DeviceRelease = 'changed' | 'ended' | 'closing';

/** One request of a device for its user's state. */
export interface HeldDevice {
  /** Resolves with `'changed'` at once and after each later change, or with the end of the wait. */
  next(): Promise<DeviceRelease>;
  /** Ends the wait. Call it in any case. */
  end(): void;
}

/** The paired devices that wait for changes. Each device holds one request: a new one ends the last. */
export class HeldDevices {
  private readonly signals: Signals;
  private readonly waiting = new Map<string, () => void>();
  private closed = false;

  constructor(signals: Signals) {
    this.signals = signals;
  }

  get size(): number {
    return this.waiting.size;
  }

  /** With `waitMs` 0 the device does not wait, and does not end its earlier request. */
  enter(deviceId: string, userId: string, waitMs: number): HeldDevice {
    let changed = true;
    let ended = waitMs <= 0;
    let wake = () => {};
    const unsubscribe = this.signals.subscribe({ userId }, () => {
      changed = true;
      wake();
    });
    const release = () => {
      ended = true;
      wake();
    };
    const timer = ended ? undefined : setTimeout(release, waitMs).unref();
    if (!ended) {
      this.waiting.get(deviceId)?.();
      this.waiting.set(deviceId, release);
    }
    return {
      next: async () => {
        for (;;) {
          if (this.closed) return 'closing';
          if (changed) {
            changed = false;
            return 'changed';
          }
          if (ended) return 'ended';
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      },
      end: () => {
        release();
        unsubscribe();
        clearTimeout(timer);
        if (this.waiting.get(deviceId) === release) this.waiting.delete(deviceId);
      },
    };
  }

  close(): void {
    this.closed = true;
    for (const release of this.waiting.values()) release();
  }
}
