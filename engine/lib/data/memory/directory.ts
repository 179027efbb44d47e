import type { AppRecord, IdentityKind, PairingRecord, UserRecord } from '../records.js';

/** Applications, users, the names that users have in places, and pairings that wait to be used. */
export class MemoryDirectory {
  readonly apps = new Map<string, AppRecord>();
  readonly users = new Map<string, UserRecord>();
  private readonly byName = new Map<string, string>();
  private readonly identities = new Map<string, string>();
  private readonly byIdentity = new Map<string, string>();
  private readonly pairings = new Map<string, PairingRecord>();

  insertApp(app: AppRecord): boolean {
    if (this.apps.has(app.appKey)) return false;
    this.apps.set(app.appKey, app);
    return true;
  }

  setAppDisabled(appKey: string, disabled: boolean): boolean {
    const app = this.apps.get(appKey);
    if (!app) return false;
    this.apps.set(appKey, { ...app, disabled });
    return true;
  }

  insertUser(user: UserRecord): boolean {
    if (this.byName.has(user.username)) return false;
    this.byName.set(user.username, user.id);
    this.users.set(user.id, user);
    return true;
  }

  userByName(username: string): UserRecord | undefined {
    const id = this.byName.get(username);
    return id === undefined ? undefined : this.users.get(id);
  }

  setDevice(userId: string, deviceId: string | undefined): void {
    const user = this.users.get(userId);
    if (user) this.users.set(userId, { ...user, deviceId });
  }

  identity(kind: IdentityKind, userId: string, place: string, candidate: string): string {
    const key = JSON.stringify([kind, userId, place]);
    const known = this.identities.get(key);
    if (known !== undefined) return known;
    this.identities.set(key, candidate);
    this.byIdentity.set(JSON.stringify([kind, place, candidate]), userId);
    return candidate;
  }

  userByIdentity(kind: IdentityKind, place: string, value: string): UserRecord | undefined {
    const id = this.byIdentity.get(JSON.stringify([kind, place, value]));
    return id === undefined ? undefined : this.users.get(id);
  }

  putPairing(pairing: PairingRecord): void {
    this.pairings.set(pairing.userId, pairing);
  }

  takePairing(codeHash: string, now: number): PairingRecord | undefined {
    const pairing = this.findPairing((one) => one.codeHash === codeHash, now);
    if (pairing) this.pairings.delete(pairing.userId);
    return pairing;
  }

  pairingByImage(imageHash: string, now: number): PairingRecord | undefined {
    return this.findPairing((one) => one.imageHash === imageHash, now);
  }

  sweep(now: number): void {
    for (const pairing of this.pairings.values()) {
      if (pairing.expiresAt <= now) this.pairings.delete(pairing.userId);
    }
  }

  private findPairing(is: (one: PairingRecord) => boolean, now: number): PairingRecord | undefined {
    for (const pairing of this.pairings.values()) {
      if (pairing.expiresAt > now && is(pairing)) return pairing;
    }
    return undefined;
  }
}
