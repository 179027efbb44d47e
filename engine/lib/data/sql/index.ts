import type {
  AnswerRecord,
  AppCredentialsRecord,
  AppRecord,
  AuditRecord,
  DeliveryRecord,
  DeviceChange,
  DeviceRecord,
  IdentityKind,
  PairingRecord,
  PingKeyRecord,
  RateWindow,
  RequestRecord,
  UsedPingKey,
  UserRecord,
} from '../records.js';
import type { Announced, AnswerStep, Repository } from '../repository.js';
import type { Announcements } from './announcements.js';
import { deleteApp, deleteUser } from './deletions.js';
import { SqlDeliveries } from './deliveries.js';
import { SqlDevices } from './devices.js';
import { SqlDirectory } from './directory.js';
import { SqlKeys } from './keys.js';
import { SqlRates } from './rates.js';
import { SqlRequests } from './requests.js';
import type { Database } from './schema.js';
import { SqlTrail } from './trail.js';
import type { Vault } from './vault.js';

/** At most this often what is over is deleted: nobody is shown it before either. */
const SWEEP = 10_000;

/** Everything in an SQL database, SQLite or PostgreSQL. */
export class SqlRepository implements Repository {
  private readonly db: Database;
  private readonly directory: SqlDirectory;
  private readonly paired: SqlDevices;
  private readonly trail: SqlTrail;
  private readonly rates: SqlRates;
  private readonly requests: SqlRequests;
  private readonly deliveries: SqlDeliveries;
  private readonly keys: SqlKeys;
  private readonly announcements: Announcements | undefined;
  private readonly release: () => Promise<void>;
  private sweptAt = Number.NEGATIVE_INFINITY;

  /**
   * `release` gives back what was taken to open the database; `announcements` are there if other
   * processes may have opened it too.
   */
  constructor(
    db: Database,
    vault: Vault,
    release: () => Promise<void>,
    announcements?: Announcements,
  ) {
    this.db = db;
    this.directory = new SqlDirectory(db);
    this.paired = new SqlDevices(db);
    this.trail = new SqlTrail(db);
    this.rates = new SqlRates(db);
    this.requests = new SqlRequests(db);
    this.deliveries = new SqlDeliveries(db);
    this.keys = new SqlKeys(db, vault);
    this.release = release;
    this.announcements = announcements;
  }

  insertApp(app: AppRecord) {
    return this.directory.insertApp(app);
  }

  app(appKey: string) {
    return this.directory.app(appKey);
  }

  apps() {
    return this.directory.apps();
  }

  setAppDisabled(appKey: string, disabled: boolean) {
    return this.directory.setAppDisabled(appKey, disabled);
  }

  replaceCredentials(
    appKey: string,
    next: Partial<AppCredentialsRecord>,
    previousUntil: number | undefined,
  ) {
    return this.directory.replaceCredentials(appKey, next, previousUntil);
  }

  setUsedPingKeys(appKey: string, used: readonly UsedPingKey[]) {
    return this.directory.setUsedPingKeys(appKey, used);
  }

  deleteApp(appKey: string) {
    return deleteApp(this.db, appKey);
  }

  insertUser(user: UserRecord, limit: number) {
    return this.directory.insertUser(user, limit);
  }

  user(id: string) {
    return this.directory.user(id);
  }

  userByName(username: string) {
    return this.directory.userByName(username);
  }

  users() {
    return this.directory.users();
  }

  deleteUser(userId: string) {
    return deleteUser(this.db, userId);
  }

  setVirtualDevice(userId: string, deviceId: string) {
    return this.paired.setVirtual(userId, deviceId);
  }

  identity(kind: IdentityKind, userId: string, place: string, candidate: string) {
    return this.directory.identity(kind, userId, place, candidate);
  }

  userByIdentity(kind: IdentityKind, place: string, value: string) {
    return this.directory.userByIdentity(kind, place, value);
  }

  putPairing(pairing: PairingRecord) {
    return this.directory.putPairing(pairing);
  }

  takePairing(by: 'codeHash' | 'linkHash', hash: string, now: number) {
    return this.directory.takePairing(by, hash, now);
  }

  pairingByImage(imageHash: string, now: number) {
    return this.directory.pairingByImage(imageHash, now);
  }

  insertDevice(device: DeviceRecord, limit: number) {
    return this.paired.insert(device, limit);
  }

  device(id: string) {
    return this.paired.get(id);
  }

  devices(userId: string) {
    return this.paired.ofUser(userId);
  }

  deviceCounts() {
    return this.paired.counts();
  }

  updateDevice(id: string, change: DeviceChange) {
    return this.paired.update(id, change);
  }

  deleteDevice(userId: string, id: string) {
    return this.paired.delete(userId, id);
  }

  takeNonce(deviceId: string, nonce: string, expiresAt: number, now: number, limit: number) {
    return this.paired.takeNonce(deviceId, nonce, expiresAt, now, limit);
  }

  fraud(userId: string) {
    return this.trail.fraud(userId);
  }

  endPause(userId: string, now: number) {
    return this.trail.endPause(userId, now);
  }

  insertAudit(record: AuditRecord) {
    return this.trail.insertAudit(record);
  }

  audit(filter: { userId?: string; limit: number }) {
    return this.trail.audit(filter);
  }

  secret(name: string, candidate: string) {
    return this.keys.secret(name, candidate);
  }

  pingKeys() {
    return this.keys.pingKeys();
  }

  addPingKey(key: PingKeyRecord, successorOf: string | undefined, retiresAt: number) {
    return this.keys.addPingKey(key, successorOf, retiresAt);
  }

  takeRate(key: string, windows: readonly RateWindow[], now: number) {
    return this.rates.take(key, windows, now);
  }

  insertRequest(request: RequestRecord, pendingLimit: number) {
    return this.requests.insert(request, pendingLimit);
  }

  request(authRequest: string) {
    return this.requests.get(authRequest);
  }

  pendingRequests(userId: string, now: number) {
    return this.requests.pending(userId, now);
  }

  pendingCount(now: number) {
    return this.requests.pendingCount(now);
  }

  expireRequests(userId: string, now: number) {
    return this.requests.expireAll(userId, now);
  }

  answerRequest(authRequest: string, answer: AnswerRecord, step: AnswerStep) {
    return this.requests.answer(authRequest, answer, step);
  }

  allowDenialOnly(authRequest: string) {
    return this.requests.allowDenialOnly(authRequest);
  }

  receipt(authRequest: string) {
    return this.trail.receipt(authRequest);
  }

  session(authRequest: string) {
    return this.requests.session(authRequest);
  }

  sessions(userId: string) {
    return this.requests.sessions(userId);
  }

  confirmSession(authRequest: string) {
    return this.requests.confirm(authRequest);
  }

  endSession(authRequest: string, now: number) {
    return this.requests.end(authRequest, now);
  }

  clearSessions(userId: string, appKey: string, audit: AuditRecord, event?: DeliveryRecord) {
    return this.requests.clear(userId, appKey, audit, event);
  }

  claimDeliveries(now: number, limit: number, perApp: number, lease: number) {
    return this.deliveries.claim(now, limit, perApp, lease);
  }

  rescheduleDelivery(
    id: string,
    change: Pick<DeliveryRecord, 'attempts' | 'nextAttemptAt' | 'eventTime'>,
  ) {
    return this.deliveries.reschedule(id, change);
  }

  deleteDelivery(id: string) {
    return this.deliveries.delete(id);
  }

  deliveryCount() {
    return this.deliveries.count();
  }

  get shared() {
    return this.announcements !== undefined;
  }

  announce(change: Announced) {
    this.announcements?.tell(change);
  }

  onAnnounced(listener: (announced: Announced) => void) {
    if (this.announcements) this.announcements.listener = listener;
  }

  answeredSince(time: number) {
    return this.requests.answeredSince(time);
  }

  async sweep(now: number) {
    if (Math.abs(now - this.sweptAt) < SWEEP) return;
    this.sweptAt = now;
    await this.directory.sweep(now);
    await this.paired.sweep(now);
    await this.rates.sweep(now);
    await this.requests.sweep(now);
    await this.keys.sweep(now);
  }

  async check() {
    await this.db.selectFrom('ping_keys').select('made_at').limit(1).execute();
  }

  async close() {
    await this.announcements?.close();
    await this.db.destroy();
    await this.release();
  }
}
