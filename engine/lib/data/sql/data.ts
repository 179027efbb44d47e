import type { Data } from '../data.js';
import { type AnnouncementPort, noAnnouncements } from '../ports/announcements.js';
import { SqlApps } from './apps.js';
import { SqlAudit } from './audit.js';
import { SqlDeliveries } from './deliveries.js';
import { SqlDevices } from './devices.js';
import { SqlFraud } from './fraud.js';
import { SqlIdentities } from './identities.js';
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

/** Minimum interval between two deletions of expired records. No call returns them before either. */
const SWEEP_INTERVAL_MS = 10_000;

/** All data in an SQL database, SQLite or PostgreSQL. */
export class SqlData implements Data {
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
  readonly announcements: AnnouncementPort;
  private readonly db: Database;
  private readonly release: () => Promise<void>;
  private sweptAt = Number.NEGATIVE_INFINITY;

  /** `release` closes the database and frees what was acquired to open it. */
  constructor(
    db: Database,
    vault: Vault,
    release: () => Promise<void>,
    announcements: AnnouncementPort = noAnnouncements,
  ) {
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
    this.announcements = announcements;
    this.release = release;
  }

  async sweep(now: number) {
    if (Math.abs(now - this.sweptAt) < SWEEP_INTERVAL_MS) return;
    this.sweptAt = now;
    for (const port of [this.pairings, this.nonces, this.rates, this.requests, this.pingKeys]) {
      await port.sweep(now);
    }
  }

  async check() {
    await this.db.selectFrom('ping_keys').select('made_at').limit(1).execute();
  }

  async close() {
    await this.release();
  }
}
