import type {
  AppCredentialsRecord,
  AppRecord,
  IdentityKind,
  PairingRecord,
  UsedPingKey,
  UserRecord,
} from '../records.js';

/** Applications, users, the names that users have in places, and pairings that wait to be used. */
export class MemoryDirectory {
  readonly apps = new Map<string, AppRecord>();
  readonly users = new Map<string, UserRecord>();
  private readonly byName = new Map<string, string>();
  private readonly identities = new Map<string, string>();
  private readonly byIdentity = new Map<string, string>();
  /** How many white label users an application has. */
  private readonly whiteLabelUsers = new Map<string, number>();
  private readonly pairingByUser = new Map<string, PairingRecord>();
  /** By the hashes of code, link and image. */
  private readonly pairingByHash = new Map<string, PairingRecord>();

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

  replaceCredentials(
    appKey: string,
    next: Partial<AppCredentialsRecord>,
    previousUntil: number | undefined,
  ): boolean {
    const app = this.apps.get(appKey);
    if (!app) return false;
    const { secretHash, publicKey } = app;
    const previous =
      previousUntil === undefined ? undefined : { secretHash, publicKey, until: previousUntil };
    this.apps.set(appKey, { ...app, ...next, previous });
    return true;
  }

  setUsedPingKeys(appKey: string, usedPingKeys: readonly UsedPingKey[]): void {
    const app = this.apps.get(appKey);
    if (app) this.apps.set(appKey, { ...app, usedPingKeys });
  }

  deleteApp(appKey: string): boolean {
    if (!this.apps.delete(appKey)) return false;
    this.dropIdentities(({ kind, place }) => kind !== 'organization' && place === appKey);
    return true;
  }

  insertUser(user: UserRecord, limit: number): 'inserted' | 'taken' | 'full' | 'gone' {
    if (this.byName.has(user.username)) return 'taken';
    if (user.whiteLabelOf !== undefined) {
      if (!this.apps.has(user.whiteLabelOf)) return 'gone';
      const count = this.whiteLabelUsers.get(user.whiteLabelOf) ?? 0;
      if (count >= limit) return 'full';
      this.whiteLabelUsers.set(user.whiteLabelOf, count + 1);
    }
    this.byName.set(user.username, user.id);
    this.users.set(user.id, user);
    return 'inserted';
  }

  userByName(username: string): UserRecord | undefined {
    const id = this.byName.get(username);
    return id === undefined ? undefined : this.users.get(id);
  }

  deleteUser(userId: string): boolean {
    const user = this.users.get(userId);
    if (!user) return false;
    this.users.delete(userId);
    this.byName.delete(user.username);
    this.dropIdentities((identity) => identity.userId === userId);
    const pairing = this.pairingByUser.get(userId);
    if (pairing) this.dropPairing(pairing);
    if (user.whiteLabelOf !== undefined) {
      const count = this.whiteLabelUsers.get(user.whiteLabelOf) ?? 1;
      this.whiteLabelUsers.set(user.whiteLabelOf, count - 1);
    }
    return true;
  }

  setVirtualDevice(userId: string, deviceId: string | undefined): void {
    const user = this.users.get(userId);
    if (user) this.users.set(userId, { ...user, deviceId });
  }

  identity(kind: IdentityKind, userId: string, place: string, candidate: string): string {
    const key = JSON.stringify([kind, userId, place]);
    const known = this.identities.get(key);
    if (known !== undefined) return known;
    if (!this.users.has(userId)) return candidate;
    this.identities.set(key, candidate);
    this.byIdentity.set(JSON.stringify([kind, place, candidate]), userId);
    return candidate;
  }

  userByIdentity(kind: IdentityKind, place: string, value: string): UserRecord | undefined {
    const id = this.byIdentity.get(JSON.stringify([kind, place, value]));
    return id === undefined ? undefined : this.users.get(id);
  }

  putPairing(pairing: PairingRecord): void {
    const before = this.pairingByUser.get(pairing.userId);
    if (before) this.dropPairing(before);
    this.pairingByUser.set(pairing.userId, pairing);
    for (const hash of hashes(pairing)) this.pairingByHash.set(hash, pairing);
  }

  takePairing(by: 'codeHash' | 'linkHash', hash: string, now: number): PairingRecord | undefined {
    const pairing = this.pairingByHash.get(hash);
    if (pairing?.[by] !== hash || pairing.expiresAt <= now) return undefined;
    this.dropPairing(pairing);
    return pairing;
  }

  pairingByImage(imageHash: string, now: number): PairingRecord | undefined {
    const pairing = this.pairingByHash.get(imageHash);
    return pairing?.imageHash === imageHash && pairing.expiresAt > now ? pairing : undefined;
  }

  sweep(now: number): void {
    for (const pairing of this.pairingByUser.values()) {
      if (pairing.expiresAt <= now) this.dropPairing(pairing);
    }
  }

  private dropIdentities(
    are: (identity: { kind: IdentityKind; userId: string; place: string }) => boolean,
  ): void {
    for (const [key, value] of this.identities) {
      const [kind, userId, place] = JSON.parse(key);
      if (!are({ kind, userId, place })) continue;
      this.identities.delete(key);
      this.byIdentity.delete(JSON.stringify([kind, place, value]));
    }
  }

  private dropPairing(pairing: PairingRecord): void {
    this.pairingByUser.delete(pairing.userId);
    for (const hash of hashes(pairing)) this.pairingByHash.delete(hash);
  }
}

function hashes({ codeHash, linkHash, imageHash }: PairingRecord): string[] {
  return [codeHash, linkHash, imageHash];
}
