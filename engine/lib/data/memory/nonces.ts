import type { NoncePort } from '../ports/nonces.js';
import type { MemoryDevices } from './devices.js';

export class MemoryNonces implements NoncePort {
  private readonly devices: MemoryDevices;
  /** By device, each nonce with the time until which it is remembered. */
  private readonly byDevice = new Map<string, Map<string, number>>();

  constructor(devices: MemoryDevices) {
    this.devices = devices;
  }

  async take(deviceId: string, nonce: string, expiresAt: number, now: number, limit: number) {
    if (!this.devices.has(deviceId)) return 'gone';
    const used = this.byDevice.get(deviceId) ?? new Map<string, number>();
    if ((used.get(nonce) ?? 0) > now) return 'seen';
    if (used.size >= limit) deleteExpired(used, now);
    if (used.size >= limit) return 'full';
    used.set(nonce, expiresAt);
    this.byDevice.set(deviceId, used);
    return 'taken';
  }

  sweep(now: number): void {
    for (const [deviceId, used] of this.byDevice) {
      deleteExpired(used, now);
      if (used.size === 0) this.byDevice.delete(deviceId);
    }
  }
}

function deleteExpired(used: Map<string, number>, now: number): void {
  for (const [nonce, expiresAt] of used) if (expiresAt <= now) used.delete(nonce);
}
