import type { Data } from '../data.js';
import { noAnnouncements } from '../ports/announcements.js';
import { RETENTION } from '../retention.js';
import { SeparateCalls } from '../separate-calls.js';
import { MemoryApps } from './apps.js';
import { MemoryAudit } from './audit.js';
import { MemoryDeliveries } from './deliveries.js';
import { MemoryDevices } from './devices.js';
import { MemoryFraud } from './fraud.js';
import { MemoryIdentities } from './identities.js';
import { MemoryNodes } from './nodes.js';
import { MemoryNonces } from './nonces.js';
import { MemoryPairings } from './pairings.js';
import { PastRequests } from './past-requests.js';
import { MemoryPingKeys } from './ping-keys.js';
import { MemoryRates } from './rates.js';
import { MemoryReceipts } from './receipts.js';
import { MemoryRequests } from './requests.js';
import type { Rows } from './rows.js';
import { MemorySecrets } from './secrets.js';
import { MemorySessions } from './sessions.js';
import { MemoryUsers } from './users.js';

/** All data in the memory of this process; it ends with the process. */
export class MemoryData implements Data {
  private readonly rows: Rows = { apps: new Map(), users: new Map() };
  private readonly past = new PastRequests();
  readonly audit = new MemoryAudit();
  readonly fraud = new MemoryFraud(this.audit);
  readonly rates = new MemoryRates();
  readonly receipts = new MemoryReceipts();
  readonly deliveries = new MemoryDeliveries(this.rows);
  readonly sessions = new MemorySessions(this.past, this.audit, this.deliveries);
  readonly requests = new MemoryRequests(this.rows, this.past, this);
  readonly devices = new MemoryDevices(this.rows);
  readonly nonces = new MemoryNonces(this.devices);
  readonly pairings = new MemoryPairings();
  readonly identities = new MemoryIdentities(this.rows);
  readonly users = new MemoryUsers(this.rows, this);
  readonly apps = new MemoryApps(this.rows, this.users, this);
  readonly pingKeys = new MemoryPingKeys();
  readonly secrets = new MemorySecrets();
  readonly nodes = new MemoryNodes();
  readonly announcements = noAnnouncements;
  readonly calls = new SeparateCalls(this);

  async sweep(now: number, retention = RETENTION) {
    // Before the requests, whose time of expiry is remembered from `now` on.
    this.past.sweep(now);
    this.sessions.endOlderThan(now - retention.sessions);
    this.receipts.sweep(now - retention.receipts);
    this.audit.sweep(now - retention.audit);
    for (const port of [
      this.pairings,
      this.nonces,
      this.rates,
      this.requests,
      this.sessions,
      this.pingKeys,
    ]) {
      port.sweep(now);
    }
  }

  async check() {}

  async close() {}
}
