import type { DeviceChange, DeviceRecord } from '../records.js';

/** Paired devices, and the nonces that they have used. */
export class MemoryDevices {
  private readonly byId = new Map<string, DeviceRecord>();
  private readonly byUser = new Map<string, Set<string>>();
  /** By device, each with the time until which it is remembered. */
  private readonly nonces = new Map<string, Map<string, number>>();

  insert(device: DeviceRecord, limit: number): 'inserted' | 'full' {
    const ofUser = this.byUser.get(device.userId) ?? new Set();
    if (ofUser.size >= limit) return 'full';
    ofUser.add(device.id);
    this.byUser.set(device.userId, ofUser);
    this.byId.set(device.id, device);
    return 'inserted';
  }

  get(id: string): DeviceRecord | undefined {
    return this.byId.get(id);
  }

  ofUser(userId: string): DeviceRecord[] {
    const devices: DeviceRecord[] = [];
    for (const id of this.byUser.get(userId) ?? []) {
      const device = this.byId.get(id);
      if (device) devices.push(device);
    }
    return devices;
  }

  counts(): Map<string, number> {
    return new Map([...this.byUser].map(([userId, devices]) => [userId, devices.size]));
  }

  update(id: string, { push, enrolment, ...change }: DeviceChange): boolean {
    const device = this.byId.get(id);
    if (!device) return false;
    this.byId.set(id, {
      ...device,
      ...change,
      push: push === undefined ? device.push : (push ?? undefined),
      enrolment: enrolment === undefined ? device.enrolment : (enrolment ?? undefined),
    });
    return true;
  }

  delete(userId: string, id: string): boolean {
    if (this.byId.get(id)?.userId !== userId) return false;
    this.byId.delete(id);
    this.nonces.delete(id);
    const ofUser = this.byUser.get(userId);
    ofUser?.delete(id);
    if (ofUser?.size === 0) this.byUser.delete(userId);
    return true;
  }

  deleteUser(userId: string): void {
    for (const { id } of this.ofUser(userId)) this.delete(userId, id);
  }

  takeNonce(
    deviceId: string,
    nonce: string,
    expiresAt: number,
    now: number,
    limit: number,
  ): 'taken' | 'seen' | 'full' | 'gone' {
    if (!this.byId.has(deviceId)) return 'gone';
    const used = this.nonces.get(deviceId) ?? new Map<string, number>();
    if ((used.get(nonce) ?? 0) > now) return 'seen';
    if (used.size >= limit) dropOver(used, now);
    if (used.size >= limit) return 'full';
    used.set(nonce, expiresAt);
    this.nonces.set(deviceId, used);
    return 'taken';
  }

  sweep(now: number): void {
    for (const [deviceId, used] of this.nonces) {
      dropOver(used, now);
      if (used.size === 0) this.nonces.delete(deviceId);
    }
  }
}

function dropOver(used: Map<string, number>, now: number): void {
  for (const [nonce, expiresAt] of used) if (expiresAt <= now) used.delete(nonce);
}
