import type { Ports } from '../data.js';
import { type Retention, SWEEP_BATCH } from '../retention.js';
import { SqlApps } from './apps.js';
import { SqlAudit } from './audit.js';
import { SqlDeliveries } from './deliveries.js';
import { SqlDevices } from './devices.js';
import { SqlFraud } from './fraud.js';
import { SqlIdentities } from './identities.js';
import { SqlNodes } from './nodes.js';
import { SqlNonces } from './nonces.js';
import { SqlPairings } from './pairings.js';
import { SqlPingKeys } from './ping-keys.js';
import { SqlRates } from './rates.js';
import { SqlReceipts } from './receipts.js';
import { SqlRequests } from './requests.js';
import type { Database } from './schema.js';
import { SqlSecrets } from './secrets.js';
import { SqlSessions } from './sessions.js';
import { SqlUsers } from './users.js';
import type { Vault } from './vault.js';

/** The ports on an SQL database, SQLite or PostgreSQL. */
export class SqlPorts implements Ports {
  readonly apps: SqlApps;
  readonly users: SqlUsers;
  readonly identities: SqlIdentities;
  readonly pairings: SqlPairings;
  readonly devices: SqlDevices;
  readonly nonces: SqlNonces;
  readonly requests: SqlRequests;
  readonly sessions: SqlSessions;
  readonly receipts: SqlReceipts;
  readonly deliveries: SqlDeliveries;
  readonly rates: SqlRates;
  readonly fraud: SqlFraud;
  readonly audit: SqlAudit;
  readonly pingKeys: SqlPingKeys;
  readonly secrets: SqlSecrets;
  readonly nodes: SqlNodes;
  private readonly db: Database;

  constructor(db: Database, vault: Vault) {
    this.db = db;
    this.apps = new SqlApps(db);
    this.users = new SqlUsers(db);
    this.identities = new SqlIdentities(db);
    this.pairings = new SqlPairings(db);
    this.devices = new SqlDevices(db);
    this.nonces = new SqlNonces(db);
    this.requests = new SqlRequests(db);
    this.sessions = new SqlSessions(db);
    this.receipts = new SqlReceipts(db);
    this.deliveries = new SqlDeliveries(db);
    this.rates = new SqlRates(db);
    this.fraud = new SqlFraud(db);
    this.audit = new SqlAudit(db);
    this.pingKeys = new SqlPingKeys(db, vault);
    this.secrets = new SqlSecrets(db, vault);
    this.nodes = new SqlNodes(db);
  }

  /** Resolves to whether there may be more to delete. */
  async sweep(now: number, retention: Retention): Promise<boolean> {
    const deleted = [
      await this.requests.forget(now),
      await this.sessions.endOlderThan(now - retention.sessions, now),
      await this.receipts.deleteOlderThan(now - retention.receipts),
      await this.audit.deleteOlderThan(now - retention.audit),
    ];
    for (const port of [
      this.pairings,
      this.nonces,
      this.rates,
      this.requests,
      this.pingKeys,
      this.nodes,
    ]) {
      await port.sweep(now);
    }
    return deleted.some((count) => count >= SWEEP_BATCH);
  }

  async check(): Promise<void> {
    await this.db.selectFrom('ping_keys').select('made_at').limit(1).execute();
  }
}
