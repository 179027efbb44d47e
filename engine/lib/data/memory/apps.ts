import type { AppCredentialsRecord, AppPort, AppRecord, UsedPingKey } from '../ports/apps.js';
import type { Rows } from './rows.js';
import type { MemoryUsers, Owned } from './users.js';

export class MemoryApps implements AppPort {
  private readonly rows: Rows;
  private readonly users: MemoryUsers;
  private readonly owned: Owned;

  constructor(rows: Rows, users: MemoryUsers, owned: Owned) {
    this.rows = rows;
    this.users = users;
    this.owned = owned;
  }

  async insert(app: AppRecord) {
    if (this.rows.apps.has(app.appKey)) return false;
    this.rows.apps.set(app.appKey, app);
    return true;
  }

  async get(appKey: string) {
    return this.rows.apps.get(appKey);
  }

  async list() {
    return [...this.rows.apps.values()];
  }

  async setDisabled(appKey: string, disabled: boolean) {
    const app = this.rows.apps.get(appKey);
    if (!app) return false;
    this.rows.apps.set(appKey, { ...app, disabled });
    return true;
  }

  async replaceCredentials(
    appKey: string,
    next: Partial<AppCredentialsRecord>,
    previousUntil: number | undefined,
  ) {
    const app = this.rows.apps.get(appKey);
    if (!app) return false;
    const { secretHash, publicKey } = app;
    const previous =
      previousUntil === undefined ? undefined : { secretHash, publicKey, until: previousUntil };
    this.rows.apps.set(appKey, { ...app, ...next, previous });
    return true;
  }

  async setUsedPingKeys(appKey: string, usedPingKeys: readonly UsedPingKey[]) {
    const app = this.rows.apps.get(appKey);
    if (app) this.rows.apps.set(appKey, { ...app, usedPingKeys });
  }

  async delete(appKey: string) {
    if (!this.rows.apps.delete(appKey)) return false;
    const { requests, deliveries, receipts, identities } = this.owned;
    const ofApp = (one: { appKey: string }) => one.appKey === appKey;
    for (const port of [requests, deliveries, receipts]) port.deleteWhere(ofApp);
    identities.deleteWhere(({ kind, sector }) => kind !== 'organization' && sector === appKey);
    for (const user of this.rows.users.values()) {
      if (user.whiteLabelOf === appKey) this.users.remove(user);
    }
    return true;
  }
}
