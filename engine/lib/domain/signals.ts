import type { Data } from '../data/data.js';
import type { Announced, Change } from '../data/ports/announcements.js';
import type { DeliveryRecord } from '../data/ports/deliveries.js';
import type { DeviceRecord } from '../data/ports/devices.js';
import type { RequestRecord } from '../data/ports/requests.js';

type Listener = () => void;

/** Minimum interval between two searches for missed ends of requests, in milliseconds of real time. */
const CATCH_UP_INTERVAL_MS = 1000;
/** How far back a search goes: the clocks of two machines may differ by this much. */
const MAX_CLOCK_DIFFERENCE_MS = 10_000;

/**
 * Tells the parts of an engine what has changed. The code that changes the data publishes; held polls,
 * held devices, event delivery and push subscribe.
 *
 * A change is also announced to the other engines that share the data. An announcement is a hint: the
 * subscriber reads the data again, and {@link catchUp} finds what an announcement missed.
 */
export class Signals {
  /**
   * An event waits in the queue, or was claimed for this engine to send. Published in this engine only.
   */
  readonly eventQueued = new Topic<[claimed: DeliveryRecord | undefined]>();
  /** An auth request was created, for these paired devices. Published in this engine only. */
  readonly requestCreated = new Topic<[RequestRecord, readonly DeviceRecord[]]>();
  private readonly data: Pick<Data, 'announcements' | 'requests'>;
  private readonly clock: () => number;
  private readonly byRequest = new Map<string, Set<Listener>>();
  private readonly byUser = new Map<string, Set<Listener>>();
  private caughtUpAt = Number.NEGATIVE_INFINITY;

  constructor(data: Signals['data'], clock: () => number) {
    this.data = data;
    this.clock = clock;
    data.announcements.subscribe((change) => this.tellSubscribers(change));
  }

  /**
   * Calls the listener after each change of one auth request, or of what the devices of one user show.
   * Returns the function that ends the subscription.
   */
  subscribe(to: Change, listener: Listener): () => void {
    const [listeners, key] =
      'userId' in to ? [this.byUser, to.userId] : [this.byRequest, to.authRequest];
    const ofKey = listeners.get(key) ?? new Set();
    listeners.set(key, ofKey);
    ofKey.add(listener);
    return () => {
      ofKey.delete(listener);
      if (ofKey.size === 0 && listeners.get(key) === ofKey) listeners.delete(key);
    };
  }

  /** Tells the subscribers of this engine and of the engines that share its data. */
  publish(change: Announced): void {
    this.tellSubscribers(change);
    this.data.announcements.publish(change);
  }

  /** Tells the subscribers of requests that ended at another engine, in case they missed it. */
  async catchUp(): Promise<void> {
    if (!this.data.announcements.shared || this.byRequest.size === 0) return;
    const now = performance.now();
    if (now - this.caughtUpAt < CATCH_UP_INTERVAL_MS) return;
    this.caughtUpAt = now;
    const ended = await this.data.requests.endedSince(this.clock() - MAX_CLOCK_DIFFERENCE_MS);
    for (const authRequest of ended) this.tellSubscribers({ authRequest });
  }

  private tellSubscribers(change: Announced): void {
    if (change === 'any') {
      for (const listeners of [...this.byRequest.values(), ...this.byUser.values()]) {
        callAll(listeners);
      }
    } else if ('userId' in change) callAll(this.byUser.get(change.userId));
    else callAll(this.byRequest.get(change.authRequest));
  }
}

/** One kind of signal inside an engine. */
class Topic<Values extends unknown[]> {
  private readonly listeners = new Set<(...values: Values) => void>();

  subscribe(listener: (...values: Values) => void): void {
    this.listeners.add(listener);
  }

  publish(...values: Values): void {
    for (const listener of this.listeners) listener(...values);
  }
}

function callAll(listeners: Iterable<Listener> = []): void {
  for (const listener of listeners) listener();
}
