import { jitter } from '../../util/jitter.js';

/** What listening needs of a Redis client: to be able to make another connection like its own. */
export interface RedisListenerSource {
  readonly options?: { readonly socket?: object | undefined } | undefined;
  duplicate(overrides?: object): RedisListener;
}

/** A connection of its own, for messages. */
export interface RedisListener {
  on(event: 'error' | 'end', listener: () => void): unknown;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  destroy(): void;
  unref(): void;
}

/** What one who waits listens to. It rings for its handle, and whenever messages may be missed. */
export interface Bell {
  /**
   * Resolves to `true` once it has rung since the last call, or after `patience` milliseconds; to
   * `false` once it was taken down.
   */
  rung(patience: number): Promise<boolean>;
  takeDown(): void;
}

/** How long after a lost connection another one is made, in milliseconds. */
const PAUSE = 1_000;

/**
 * Listens on one channel for the handles of logins that were answered. The connection is made when
 * somebody listens, and made anew when it was lost and somebody still does. Neither it nor the
 * pause before it is made anew keeps the process alive.
 */
export class RedisAnnouncements {
  private readonly client: RedisListenerSource;
  private readonly channel: string;
  private readonly bells = new Map<string, Set<HungBell>>();
  private listener: RedisListener | undefined;
  private pause: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(client: RedisListenerSource, channel: string) {
    this.client = client;
    this.channel = channel;
  }

  /** Hangs a bell for a login. It is taken down by whoever hung it. */
  hang(handle: string): Bell {
    const bell = new HungBell(() => {
      const bells = this.bells.get(handle);
      bells?.delete(bell);
      if (bells?.size === 0) this.bells.delete(handle);
    });
    if (this.closed) {
      bell.takeDown();
    } else {
      this.bells.set(handle, (this.bells.get(handle) ?? new Set()).add(bell));
      this.listen();
    }
    return bell;
  }

  /** Takes down all bells, and the connection. */
  close(): void {
    this.closed = true;
    clearTimeout(this.pause);
    this.drop();
    for (const bell of [...this.bells.values()].flatMap((bells) => [...bells])) bell.takeDown();
  }

  private listen(): void {
    if (this.closed || this.listener || this.pause) return;
    const listener = this.client.duplicate({
      // A client that reconnects by itself would keep the process alive while it pauses, as would
      // one that pings.
      socket: { ...this.client.options?.socket, reconnectStrategy: false },
      pingInterval: undefined,
      clientSideCache: undefined,
    });
    this.listener = listener;
    const lost = () => {
      if (this.listener === listener) this.listenLater();
    };
    listener.on('error', lost);
    listener.on('end', lost);
    listener.unref();
    this.subscribe(listener).catch(lost);
  }

  private async subscribe(listener: RedisListener): Promise<void> {
    await listener.connect();
    // A client that is destroyed while it connects goes on to connect.
    if (this.listener !== listener) return listener.destroy();
    await listener.subscribe(this.channel, (handle) => {
      for (const bell of this.bells.get(handle) ?? []) bell.ring();
    });
    // What was said before this moment was not heard.
    for (const bells of this.bells.values()) for (const bell of bells) bell.ring();
  }

  private listenLater(): void {
    this.drop();
    this.pause = setTimeout(() => {
      this.pause = undefined;
      if (this.bells.size) this.listen();
    }, jitter(PAUSE)).unref();
  }

  private drop(): void {
    const { listener } = this;
    this.listener = undefined;
    try {
      listener?.destroy();
    } catch {
      // It was closed already.
    }
  }
}

class HungBell implements Bell {
  private readonly forget: () => void;
  private ringing = false;
  private down = false;
  private wake: (() => void) | undefined;

  constructor(forget: () => void) {
    this.forget = forget;
  }

  ring(): void {
    this.ringing = true;
    this.wake?.();
  }

  takeDown(): void {
    this.down = true;
    this.forget();
    this.wake?.();
  }

  async rung(patience: number): Promise<boolean> {
    if (!this.ringing && !this.down) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, patience).unref();
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.wake = undefined;
    }
    this.ringing = false;
    return !this.down;
  }
}
