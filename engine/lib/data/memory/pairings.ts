import type { PairingPort, PairingRecord } from '../ports/pairings.js';

export class MemoryPairings implements PairingPort {
  private readonly byUser = new Map<string, PairingRecord>();
  /** By the hashes of code, link and image. */
  private readonly byHash = new Map<string, PairingRecord>();

  async put(pairing: PairingRecord) {
    this.deleteUser(pairing.userId);
    this.byUser.set(pairing.userId, pairing);
    for (const hash of hashes(pairing)) this.byHash.set(hash, pairing);
  }

  async take(by: 'codeHash' | 'linkHash', hash: string, now: number) {
    const pairing = this.byHash.get(hash);
    if (pairing?.[by] !== hash || pairing.expiresAt <= now) return undefined;
    this.deleteUser(pairing.userId);
    return pairing;
  }

  async byImage(imageHash: string, now: number) {
    const pairing = this.byHash.get(imageHash);
    return pairing?.imageHash === imageHash && pairing.expiresAt > now ? pairing : undefined;
  }

  deleteUser(userId: string): void {
    const pairing = this.byUser.get(userId);
    if (!pairing) return;
    this.byUser.delete(userId);
    for (const hash of hashes(pairing)) this.byHash.delete(hash);
  }

  sweep(now: number): void {
    for (const { userId, expiresAt } of this.byUser.values()) {
      if (expiresAt <= now) this.deleteUser(userId);
    }
  }
}

function hashes({ codeHash, linkHash, imageHash }: PairingRecord): string[] {
  return [codeHash, linkHash, imageHash];
}
