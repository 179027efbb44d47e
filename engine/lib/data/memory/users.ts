import { foldedName } from '../folded-name.js';
import type { AuditRecord } from '../ports/audit.js';
import type { OverviewLimits, Recipient, UserName, UserPort, UserRecord } from '../ports/users.js';
import type { MemoryAudit } from './audit.js';
import type { MemoryDeliveries } from './deliveries.js';
import type { MemoryDevices } from './devices.js';
import type { MemoryFraud } from './fraud.js';
import type { MemoryIdentities } from './identities.js';
import type { MemoryPairings } from './pairings.js';
import type { MemoryReceipts } from './receipts.js';
import type { MemoryRequests } from './requests.js';
import type { Rows } from './rows.js';
import type { MemorySessions } from './sessions.js';

/** The ports whose records belong to users and applications, and are deleted with them. */
export interface Owned {
  audit: MemoryAudit;
  identities: MemoryIdentities;
  pairings: MemoryPairings;
  devices: MemoryDevices;
  requests: MemoryRequests;
  sessions: MemorySessions;
  receipts: MemoryReceipts;
  deliveries: MemoryDeliveries;
  fraud: MemoryFraud;
}

export class MemoryUsers implements UserPort {
  private readonly rows: Rows;
  private readonly owned: Owned;
  private readonly idByName = new Map<string, string>();
  /** Without those of white label users. */
  private readonly foldedNames = new Set<string>();
  /** The number of white label users of each application. */
  private readonly whiteLabelCounts = new Map<string, number>();

  constructor(rows: Rows, owned: Owned) {
    this.rows = rows;
    this.owned = owned;
  }

  async insert(user: UserRecord, limit: number) {
    if (this.idByName.has(user.username)) return 'taken';
    const { whiteLabelOf } = user;
    const folded = foldedName(user.username);
    if (whiteLabelOf === undefined && this.foldedNames.has(folded)) return 'taken';
    if (whiteLabelOf !== undefined) {
      if (!this.rows.apps.has(whiteLabelOf)) return 'gone';
      const count = this.whiteLabelCounts.get(whiteLabelOf) ?? 0;
      if (count >= limit) return 'full';
      this.whiteLabelCounts.set(whiteLabelOf, count + 1);
    }
    this.idByName.set(user.username, user.id);
    if (whiteLabelOf === undefined) this.foldedNames.add(folded);
    this.rows.users.set(user.id, user);
    return 'inserted';
  }

  async get(id: string) {
    return this.rows.users.get(id);
  }

  async byName(username: string) {
    return this.find({ username });
  }

  async recipient(names: readonly UserName[]) {
    for (const name of names) {
      const user = this.find(name);
      if (user) return this.asRecipient(user);
    }
    return undefined;
  }

  async overview(userId: string, { now, withdrawnSince, maxWithdrawn }: OverviewLimits) {
    const user = this.rows.users.get(userId);
    const { requests, sessions } = this.owned;
    return (
      user && {
        ...this.asRecipient(user),
        requests: requests.open(userId, now),
        sessions: sessions.ofUser(userId),
        withdrawn: requests.withdrawnOf(userId, withdrawnSince, maxWithdrawn),
      }
    );
  }

  async list() {
    return [...this.rows.users.values()];
  }

  async setSuspended(userId: string, suspended: boolean, now: number) {
    const user = this.rows.users.get(userId);
    if (!user) return false;
    const suspendedAt = suspended ? (user.suspendedAt ?? now) : undefined;
    this.rows.users.set(userId, { ...user, suspendedAt });
    return true;
  }

  async delete(userId: string) {
    const user = this.rows.users.get(userId);
    return user && this.remove(user);
  }

  async countVirtualDevices() {
    return [...this.rows.users.values()].filter(({ deviceId }) => deviceId !== undefined).length;
  }

  async expectLogin(userId: string, until: number, audit: AuditRecord) {
    const user = this.rows.users.get(userId);
    if (!user) return;
    this.rows.users.set(userId, { ...user, loginExpectedUntil: until });
    this.owned.audit.add(audit);
  }

  async setVirtualDevice(userId: string, deviceId: string) {
    if (this.owned.devices.ofUser(userId).length > 0) return false;
    const user = this.rows.users.get(userId);
    if (user) this.rows.users.set(userId, { ...user, deviceId });
    return true;
  }

  private find(name: UserName): UserRecord | undefined {
    const id =
      'username' in name
        ? this.idByName.get(name.username)
        : this.owned.identities.userId(name.kind, name.sector, name.value);
    return id === undefined ? undefined : this.rows.users.get(id);
  }

  private asRecipient(user: UserRecord): Recipient {
    const { devices, fraud } = this.owned;
    return { user, devices: devices.ofUser(user.id), fraud: fraud.ofUser(user.id) };
  }

  /** Deletes the user with all their records and returns the tokens of their open requests. */
  remove({ id, username, whiteLabelOf }: UserRecord): string[] {
    this.rows.users.delete(id);
    this.idByName.delete(username);
    if (whiteLabelOf === undefined) this.foldedNames.delete(foldedName(username));
    if (whiteLabelOf !== undefined) {
      const count = this.whiteLabelCounts.get(whiteLabelOf) ?? 1;
      this.whiteLabelCounts.set(whiteLabelOf, count - 1);
    }
    const { identities, pairings, devices, requests, receipts, deliveries, fraud } = this.owned;
    const ofUser = ({ userId }: { userId: string }) => userId === id;
    for (const port of [identities, receipts]) port.deleteWhere(ofUser);
    deliveries.deleteWhere((one) => ofUser(one) && one.kind === 'answer');
    for (const port of [pairings, devices, fraud]) port.deleteUser(id);
    return requests.deleteWhere(ofUser).map(({ authRequest }) => authRequest);
  }
}
