import type { DeliveryRecord } from '../records.js';

/** The queue of events: due ones are claimed, and come back or are deleted. */
export class MemoryDeliveries {
  private readonly waiting = new Map<string, DeliveryRecord>();
  private readonly claimed = new Map<string, DeliveryRecord>();
  private readonly queued = new Map<string, number>();
  private readonly sending = new Map<string, number>();
  /** The one logout that is under way for a user and application. */
  private readonly logouts = new Map<string, DeliveryRecord>();

  insert(delivery: DeliveryRecord, limit: number): boolean {
    if (delivery.kind === 'logout') this.replaceLogout(delivery);
    const queued = this.queued.get(delivery.appKey) ?? 0;
    if (delivery.kind === 'answer' && queued >= limit) return false;
    this.queued.set(delivery.appKey, queued + 1);
    this.waiting.set(delivery.id, delivery);
    return true;
  }

  claim(
    now: number,
    limit: number,
    perApp: number,
    isDisabled: (appKey: string) => boolean,
  ): DeliveryRecord[] {
    const due: DeliveryRecord[] = [];
    for (const delivery of this.waiting.values()) {
      if (due.length >= limit) break;
      if (delivery.nextAttemptAt > now) continue;
      if (isDisabled(delivery.appKey) && delivery.giveUpAt > now) continue;
      const sending = this.sending.get(delivery.appKey) ?? 0;
      if (sending >= perApp) continue;
      this.sending.set(delivery.appKey, sending + 1);
      this.waiting.delete(delivery.id);
      this.claimed.set(delivery.id, delivery);
      due.push(delivery);
    }
    return due;
  }

  reschedule(
    id: string,
    change: Pick<DeliveryRecord, 'attempts' | 'nextAttemptAt' | 'eventTime'>,
  ): void {
    const delivery = this.claimed.get(id);
    if (!delivery) return;
    this.claimed.delete(id);
    decrease(this.sending, delivery.appKey);
    this.waiting.set(id, { ...delivery, ...change });
  }

  delete(id: string): void {
    const waiting = this.waiting.get(id);
    const claimed = this.claimed.get(id);
    const delivery = waiting ?? claimed;
    if (!delivery) return;
    this.waiting.delete(id);
    this.claimed.delete(id);
    decrease(this.queued, delivery.appKey);
    if (claimed) decrease(this.sending, delivery.appKey);
    const key = logoutKey(delivery);
    if (this.logouts.get(key)?.id === id) this.logouts.delete(key);
  }

  deleteWhere(are: (delivery: DeliveryRecord) => boolean): void {
    for (const delivery of [...this.waiting.values(), ...this.claimed.values()]) {
      if (are(delivery)) this.delete(delivery.id);
    }
  }

  get size(): number {
    return this.waiting.size + this.claimed.size;
  }

  private replaceLogout(delivery: DeliveryRecord): void {
    const key = logoutKey(delivery);
    const before = this.logouts.get(key);
    if (before) this.delete(before.id);
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
