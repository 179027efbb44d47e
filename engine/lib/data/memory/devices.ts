import type { DeviceChange, DevicePort, DeviceRecord } from '../ports/devices.js';
import type { Rows } from './rows.js';

export class MemoryDevices implements DevicePort {
  private readonly rows: Rows;
  private readonly byId = new Map<string, DeviceRecord>();
  private readonly idsByUser = new Map<string, Set<string>>();

  constructor(rows: Rows) {
    this.rows = rows;
  }

  async insert(device: DeviceRecord, limit: number) {
    const user = this.rows.users.get(device.userId);
    if (!user) return 'gone';
    const ids = this.idsByUser.get(device.userId) ?? new Set();
    if (ids.size >= limit) return 'full';
    ids.add(device.id);
    this.idsByUser.set(device.userId, ids);
    this.byId.set(device.id, device);
    this.rows.users.set(user.id, { ...user, deviceId: undefined });
    return 'inserted';
  }

  async get(id: string) {
    return this.byId.get(id);
  }

  async list(userId: string) {
    return this.ofUser(userId);
  }

  async counts() {
    return [...this.idsByUser].map(([userId, ids]) => ({ userId, devices: ids.size }));
  }

  async update(id: string, { push, enrolment, ...change }: DeviceChange) {
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

  async seen(id: string, at: number) {
    const device = this.byId.get(id);
    if (device) this.byId.set(id, { ...device, lastSeenAt: at });
  }

  async delete(userId: string, id: string) {
    if (this.byId.get(id)?.userId !== userId) return false;
    this.remove(userId, id);
    return true;
  }

  has(id: string): boolean {
    return this.byId.has(id);
  }

  ofUser(userId: string): DeviceRecord[] {
    const ids = [...(this.idsByUser.get(userId) ?? [])];
    return ids.map((id) => this.byId.get(id) as DeviceRecord);
  }

  deleteUser(userId: string): void {
    for (const { id } of this.ofUser(userId)) this.remove(userId, id);
  }

  private remove(userId: string, id: string): void {
    this.byId.delete(id);
    const ids = this.idsByUser.get(userId);
    ids?.delete(id);
    if (ids?.size === 0) this.idsByUser.delete(userId);
  }
}
