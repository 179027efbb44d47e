import type { PingKeyPort, PingKeyRecord } from '../ports/ping-keys.js';

export class MemoryPingKeys implements PingKeyPort {
  private keys: PingKeyRecord[] = [];

  async list() {
    return this.keys;
  }

  async add(key: PingKeyRecord, successorOf: string | undefined, retiresAt: number) {
    const [current, ...older] = this.keys;
    if (current?.fingerprint !== successorOf) return false;
    this.keys = current ? [key, { ...current, retiresAt }, ...older] : [key];
    return true;
  }

  sweep(now: number): void {
    this.keys = this.keys.filter(({ retiresAt }) => retiresAt === undefined || retiresAt > now);
  }
}
