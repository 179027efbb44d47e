import type { DeliveryPort, DeliveryRecord } from '../ports/deliveries.js';
import type { Rows } from './rows.js';

export class MemoryDeliveries implements DeliveryPort {
  private readonly rows: Rows;
  private readonly waiting = new Map<string, DeliveryRecord>();
  private readonly claimed = new Map<string, DeliveryRecord>();
  /** The number of deliveries of each application, and of those that are claimed. */
  private readonly counts = new Map<string, number>();
  private readonly claimedCounts = new Map<string, number>();
  /** The one logout event of a user and application. */
  private readonly logouts = new Map<string, DeliveryRecord>();

  constructor(rows: Rows) {
    this.rows = rows;
  }

  async claim(now: number, limit: number, perApp: number) {
    const due: DeliveryRecord[] = [];
    for (const delivery of this.waiting.values()) {
      if (due.length >= limit) break;
      if (delivery.nextAttemptAt > now) continue;
      const disabled = this.rows.apps.get(delivery.appKey)?.disabled;
      if (disabled && delivery.giveUpAt > now) continue;
      const claimed = this.claimedCounts.get(delivery.appKey) ?? 0;
      if (claimed >= perApp) continue;
      this.waiting.delete(delivery.id);
      this.markClaimed(delivery);
      due.push(delivery);
    }
    return due;
  }

  async reschedule(
    id: string,
    change: Pick<DeliveryRecord, 'attempts' | 'nextAttemptAt' | 'eventTime'>,
  ) {
    const delivery = this.claimed.get(id);
    if (!delivery) return;
    this.claimed.delete(id);
    decrease(this.claimedCounts, delivery.appKey);
    this.waiting.set(id, { ...delivery, ...change });
  }

  async delete(id: string) {
    this.remove(id);
  }

  /** Claims are those of this process, and end with its attempts. */
  async cutWaits(now: number, maxWaitMs: number) {
    for (const delivery of this.waiting.values()) {
      if (delivery.nextAttemptAt <= now + maxWaitMs) continue;
      this.waiting.set(delivery.id, { ...delivery, nextAttemptAt: now });
    }
  }

  async count() {
    return this.waiting.size + this.claimed.size;
  }

  async oldest() {
    let oldest: number | undefined;
    for (const { createdAt } of [...this.waiting.values(), ...this.claimed.values()]) {
      if (oldest === undefined || createdAt < oldest) oldest = createdAt;
    }
    return oldest;
  }

  /** `false` if an answer was not queued, since `limit` events of the application are. */
  add(delivery: DeliveryRecord, limit: number, claimed = false): boolean {
    if (delivery.kind === 'logout') this.replaceLogout(delivery);
    const count = this.counts.get(delivery.appKey) ?? 0;
    if (delivery.kind === 'answer' && count >= limit) return false;
    this.counts.set(delivery.appKey, count + 1);
    if (claimed) this.markClaimed(delivery);
    else this.waiting.set(delivery.id, delivery);
    return true;
  }

  deleteWhere(matches: (delivery: DeliveryRecord) => boolean): void {
    for (const delivery of [...this.waiting.values(), ...this.claimed.values()]) {
      if (matches(delivery)) this.remove(delivery.id);
    }
  }

  private markClaimed(delivery: DeliveryRecord): void {
    const { id, appKey } = delivery;
    this.claimed.set(id, delivery);
    this.claimedCounts.set(appKey, (this.claimedCounts.get(appKey) ?? 0) + 1);
  }

  private remove(id: string): void {
    const claimed = this.claimed.get(id);
    const delivery = this.waiting.get(id) ?? claimed;
    if (!delivery) return;
    this.waiting.delete(id);
    this.claimed.delete(id);
    decrease(this.counts, delivery.appKey);
    if (claimed) decrease(this.claimedCounts, delivery.appKey);
    const key = logoutKey(delivery);
    if (this.logouts.get(key)?.id === id) this.logouts.delete(key);
  }

  private replaceLogout(delivery: DeliveryRecord): void {
    const key = logoutKey(delivery);
    const earlier = this.logouts.get(key);
    if (earlier) this.remove(earlier.id);
    this.logouts.set(key, delivery);
  }
}

function logoutKey({ appKey, userId }: DeliveryRecord): string {
  return `${appKey} ${userId}`;
}

function decrease(counts: Map<string, number>, key: string): void {
  const count = (counts.get(key) ?? 0) - 1;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
