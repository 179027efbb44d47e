import { jitter } from '../../util/jitter.js';
import { startTimer } from '../../util/timers.js';

/** A Redis client that can make a second connection like its own. */
export interface RedisListenerSource {
  readonly options?: { readonly socket?: object | undefined } | undefined;
  duplicate(overrides?: object): RedisListener;
}

/** A connection that is used for messages only. */
export interface RedisListener {
  on(event: 'error' | 'end', listener: () => void): unknown;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  destroy(): void;
  unref(): void;
}

/** A subscription to the messages about one login. */
export interface AnswerSubscription {
  /**
   * Waits for a message about the login, or for a moment at which messages may have been missed.
   *
   * @returns `true` after such a moment since the last call, or after `timeoutMs` milliseconds;
   *   `false` once the subscription is closed.
   */
  next(timeoutMs: number): Promise<boolean>;
  /** Ends the subscription. */
  close(): void;
}

/** The pause before a lost connection is replaced, in milliseconds. */
const RECONNECT_PAUSE_MS = 1_000;

/**
 * Listens on one Redis channel for the handles of answered logins. It connects at the first
 * subscription, and reconnects after a loss while there are subscriptions. Neither the connection
 * nor the pause before a new one keeps the process alive.
 */
export class AnswerChannel {
  private readonly client: RedisListenerSource;
  private readonly name: string;
  private readonly onRefused: (error: Error) => void;
  private readonly subscriptions = new Map<string, Set<Subscription>>();
  private listener: RedisListener | undefined;
  private stopReconnect: (() => void) | undefined;
  private closed = false;

  /** @param onRefused - called with the error if Redis does not allow the subscription. */
  constructor(
    client: RedisListenerSource,
    name: string,
    onRefused: (error: Error) => void = () => {},
  ) {
    this.client = client;
    this.name = name;
    this.onRefused = onRefused;
  }

  /** Subscribes to the messages about a login. The caller closes the subscription. */
  subscribe(handle: string): AnswerSubscription {
    const subscription = new Subscription(() => this.remove(handle, subscription));
    if (this.closed) {
      subscription.close();
    } else {
      const others = this.subscriptions.get(handle) ?? new Set();
      this.subscriptions.set(handle, others.add(subscription));
      this.connect();
    }
    return subscription;
  }

  /** Closes all subscriptions and the connection. */
  close(): void {
    this.closed = true;
    this.stopReconnect?.();
    this.disconnect();
    for (const subscription of this.all()) subscription.close();
  }

  private all(): Subscription[] {
    return [...this.subscriptions.values()].flatMap((subscriptions) => [...subscriptions]);
  }

  private remove(handle: string, subscription: Subscription): void {
    const subscriptions = this.subscriptions.get(handle);
    subscriptions?.delete(subscription);
    if (subscriptions?.size === 0) this.subscriptions.delete(handle);
  }

  private connect(): void {
    if (this.closed || this.listener || this.stopReconnect) return;
    const listener = this.client.duplicate({
      // A client that reconnects by itself keeps the process alive during its pauses, and so does
      // one that pings.
      socket: { ...this.client.options?.socket, reconnectStrategy: false },
      pingInterval: undefined,
      clientSideCache: undefined,
    });
    this.listener = listener;
    const reconnect = () => {
      if (this.listener === listener) this.reconnectLater();
    };
    listener.on('error', reconnect);
    listener.on('end', reconnect);
    listener.unref();
    this.listen(listener).catch((error) => {
      if (error instanceof Error && error.message.startsWith('NOPERM ')) this.onRefused(error);
      reconnect();
    });
  }

  private async listen(listener: RedisListener): Promise<void> {
    await listener.connect();
    // A client that is destroyed while it connects completes the connection.
    if (this.listener !== listener) return listener.destroy();
    await listener.subscribe(this.name, (handle) => {
      for (const subscription of this.subscriptions.get(handle) ?? []) subscription.notify();
    });
    // Messages before this moment were missed.
    for (const subscription of this.all()) subscription.notify();
  }

  private reconnectLater(): void {
    this.disconnect();
    this.stopReconnect = startTimer(() => {
      this.stopReconnect = undefined;
      if (this.subscriptions.size) this.connect();
    }, jitter(RECONNECT_PAUSE_MS));
  }

  private disconnect(): void {
    const { listener } = this;
    this.listener = undefined;
    try {
      listener?.destroy();
    } catch {
      // It was closed already.
    }
  }
}

class Subscription implements AnswerSubscription {
  private readonly onClose: () => void;
  private notified = false;
  private closed = false;
  private wake: (() => void) | undefined;

  constructor(onClose: () => void) {
    this.onClose = onClose;
  }

  notify(): void {
    this.notified = true;
    this.wake?.();
  }

  close(): void {
    this.closed = true;
    this.onClose();
    this.wake?.();
  }

  async next(timeoutMs: number): Promise<boolean> {
    if (!this.notified && !this.closed) {
      await new Promise<void>((resolve) => {
        const stopTimer = startTimer(resolve, timeoutMs);
        this.wake = () => {
          stopTimer();
          resolve();
        };
      });
      this.wake = undefined;
    }
    this.notified = false;
    return !this.closed;
  }
}
