import type { DeviceRecord, UserRecord } from '../../data/records.js';
import { DeviceRefusal } from '../../domain/device-refusal.js';
import type { Services } from '../../domain/services.js';
import { deviceState } from './device-state.js';

/** Devices that wait for something to change: one request each, the newest. */
export class HeldStates {
  private readonly services: Services;
  private readonly held = new Map<string, () => void>();
  private closed = false;

  constructor(services: Services) {
    this.services = services;
  }

  /**
   * The state once its version is not `known` any more, or `undefined` after `wait` milliseconds, or
   * when the device has left or asks anew. Throws once the device is unpaired, or the engine closes.
   */
  async next(
    { device, user }: { device: DeviceRecord; user: UserRecord },
    known: string | undefined,
    wait: number,
    left: AbortSignal,
  ): Promise<{ version: string; body: object } | undefined> {
    const { changes, limits } = this.services;
    if (wait > 0 && this.held.size >= limits.heldPolls) {
      throw new DeviceRefusal('too_many', 'Too many devices are waiting.', { retryAfter: 5000 });
    }
    let over = wait <= 0;
    let stale = true;
    let wake = () => {};
    const end = () => {
      over = true;
      wake();
    };
    const unsubscribe = changes.subscribe(user.id, () => {
      stale = true;
      wake();
    });
    const timer = wait > 0 ? setTimeout(end, wait).unref() : undefined;
    left.addEventListener('abort', end);
    if (wait > 0) {
      this.held.get(device.id)?.();
      this.held.set(device.id, end);
    }
    try {
      for (;;) {
        if (this.closed) throw new DeviceRefusal('unavailable', 'The engine closes.');
        if (stale) {
          stale = false;
          const state = await deviceState(this.services, device, user);
          if (state.version !== known) return state;
        }
        if (this.closed || stale) continue;
        if (over || left.aborted) return undefined;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      unsubscribe();
      clearTimeout(timer);
      left.removeEventListener('abort', end);
      if (this.held.get(device.id) === end) this.held.delete(device.id);
    }
  }

  get size(): number {
    return this.held.size;
  }

  close(): void {
    this.closed = true;
    for (const end of this.held.values()) end();
  }
}
