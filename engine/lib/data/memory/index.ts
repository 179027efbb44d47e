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
import type { AnswerStep, Repository } from '../repository.js';
import { MemoryDeliveries } from './deliveries.js';
import { MemoryDevices } from './devices.js';
import { MemoryDirectory } from './directory.js';
import { MemoryRates } from './rates.js';
import { MemoryRequests } from './requests.js';
import { MemoryTrail } from './trail.js';

/** Everything in this process's memory: gone when it ends. */
export class MemoryRepository implements Repository {
  private readonly directory = new MemoryDirectory();
  private readonly paired = new MemoryDevices();
  private readonly rates = new MemoryRates();
  private readonly requests = new MemoryRequests();
  private readonly deliveries = new MemoryDeliveries();
  private readonly trail = new MemoryTrail();
  private readonly secrets = new Map<string, string>();
  private pings: PingKeyRecord[] = [];

  async insertApp(app: AppRecord) {
    return this.directory.insertApp(app);
  }

  async app(appKey: string) {
    return this.directory.apps.get(appKey);
  }

  async apps() {
    return [...this.directory.apps.values()];
  }

  async setAppDisabled(appKey: string, disabled: boolean) {
    return this.directory.setAppDisabled(appKey, disabled);
  }

  async replaceCredentials(
    appKey: string,
    next: Partial<AppCredentialsRecord>,
    previousUntil: number | undefined,
  ) {
    return this.directory.replaceCredentials(appKey, next, previousUntil);
  }

  async setUsedPingKeys(appKey: string, used: readonly UsedPingKey[]) {
    this.directory.setUsedPingKeys(appKey, used);
  }

  async deleteApp(appKey: string) {
    if (!this.directory.deleteApp(appKey)) return false;
    const ofApp = (one: { appKey: string }) => one.appKey === appKey;
    this.requests.deleteWhere(ofApp);
    this.deliveries.deleteWhere(ofApp);
    this.trail.deleteApp(appKey);
    for (const user of this.directory.users.values()) {
      if (user.whiteLabelOf === appKey) await this.deleteUser(user.id);
    }
    return true;
  }

  async insertUser(user: UserRecord, limit: number) {
    return this.directory.insertUser(user, limit);
  }

  async user(id: string) {
    return this.directory.users.get(id);
  }

  async userByName(username: string) {
    return this.directory.userByName(username);
  }

  async users() {
    return [...this.directory.users.values()];
  }

  async deleteUser(userId: string) {
    if (!this.directory.deleteUser(userId)) return undefined;
    const ofUser = (one: { userId: string }) => one.userId === userId;
    const open = this.requests.deleteWhere(ofUser);
    this.deliveries.deleteWhere(ofUser);
    this.paired.deleteUser(userId);
    this.trail.deleteUser(userId);
    return open.map(({ authRequest }) => authRequest);
  }

  async setVirtualDevice(userId: string, deviceId: string) {
    if (this.paired.ofUser(userId).length > 0) return false;
    this.directory.setVirtualDevice(userId, deviceId);
    return true;
  }

  async identity(kind: IdentityKind, userId: string, place: string, candidate: string) {
    return this.directory.identity(kind, userId, place, candidate);
  }

  async userByIdentity(kind: IdentityKind, place: string, value: string) {
    return this.directory.userByIdentity(kind, place, value);
  }

  async putPairing(pairing: PairingRecord) {
    this.directory.putPairing(pairing);
  }

  async takePairing(by: 'codeHash' | 'linkHash', hash: string, now: number) {
    return this.directory.takePairing(by, hash, now);
  }

  async pairingByImage(imageHash: string, now: number) {
    return this.directory.pairingByImage(imageHash, now);
  }

  async insertDevice(device: DeviceRecord, limit: number) {
    if (!this.directory.users.has(device.userId)) return 'gone';
    const inserted = this.paired.insert(device, limit);
    if (inserted === 'inserted') this.directory.setVirtualDevice(device.userId, undefined);
    return inserted;
  }

  async device(id: string) {
    return this.paired.get(id);
  }

  async devices(userId: string) {
    return this.paired.ofUser(userId);
  }

  async deviceCounts() {
    return this.paired.counts();
  }

  async updateDevice(id: string, change: DeviceChange) {
    return this.paired.update(id, change);
  }

  async deleteDevice(userId: string, id: string) {
    return this.paired.delete(userId, id);
  }

  async takeNonce(deviceId: string, nonce: string, expiresAt: number, now: number, limit: number) {
    return this.paired.takeNonce(deviceId, nonce, expiresAt, now, limit);
  }

  async fraud(userId: string) {
    return this.trail.fraud(userId);
  }

  async endPause(userId: string, now: number) {
    this.trail.endPause(userId, now);
  }

  async insertAudit(record: AuditRecord) {
    this.trail.insertAudit(record);
  }

  async audit(filter: { userId?: string; limit: number }) {
    return this.trail.audit(filter);
  }

  async secret(name: string, candidate: string) {
    const known = this.secrets.get(name);
    if (known !== undefined) return known;
    this.secrets.set(name, candidate);
    return candidate;
  }

  async pingKeys() {
    return this.pings;
  }

  async addPingKey(key: PingKeyRecord, successorOf: string | undefined, retiresAt: number) {
    const [current] = this.pings;
    if (current?.fingerprint !== successorOf) return false;
    this.pings = [key, ...this.pings.map((one) => (one === current ? { ...one, retiresAt } : one))];
    return true;
  }

  async takeRate(key: string, windows: readonly RateWindow[], now: number) {
    return this.rates.take(key, windows, now);
  }

  async insertRequest(request: RequestRecord, pendingLimit: number) {
    const { apps, users } = this.directory;
    if (!apps.has(request.appKey) || !users.has(request.userId)) return 'gone';
    return this.requests.insert(request, pendingLimit);
  }

  async request(authRequest: string) {
    return this.requests.get(authRequest);
  }

  async pendingRequests(userId: string, now: number) {
    return this.requests.pending(userId, now);
  }

  async pendingCount(now: number) {
    return this.requests.pendingCount(now);
  }

  async expireRequests(userId: string, now: number) {
    return this.requests.expireAll(userId, now);
  }

  async answerRequest(authRequest: string, answer: AnswerRecord, step: AnswerStep) {
    const { now, sessionLimit, receipt, audit, event, eventLimit } = step;
    const request = this.requests.answer(authRequest, answer, now, sessionLimit);
    if (typeof request !== 'object') return request;
    if (receipt) this.trail.keepReceipt(receipt);
    if (audit) this.trail.insertAudit(audit);
    const fraud = step.fraud && this.trail.reportFraud(request.userId, now, step.fraud);
    const queued = event === undefined || this.deliveries.insert(event, eventLimit);
    return { request, queued, fraud };
  }

  async allowDenialOnly(authRequest: string) {
    this.requests.allowDenialOnly(authRequest);
  }

  async receipt(authRequest: string) {
    return this.trail.receipt(authRequest);
  }

  async session(authRequest: string) {
    return this.requests.session(authRequest);
  }

  async sessions(userId: string) {
    return this.requests.sessions(userId);
  }

  async confirmSession(authRequest: string) {
    return this.requests.confirm(authRequest);
  }

  async endSession(authRequest: string) {
    return this.requests.end(authRequest);
  }

  async clearSessions(userId: string, appKey: string, audit: AuditRecord, event?: DeliveryRecord) {
    const cleared = this.requests.clear(userId, appKey);
    if (cleared.length === 0) return cleared;
    this.trail.insertAudit(audit);
    if (event) this.deliveries.insert(event, 0);
    return cleared;
  }

  async claimDeliveries(now: number, limit: number, perApp: number) {
    const isDisabled = (appKey: string) => this.directory.apps.get(appKey)?.disabled === true;
    return this.deliveries.claim(now, limit, perApp, isDisabled);
  }

  async rescheduleDelivery(
    id: string,
    change: Pick<DeliveryRecord, 'attempts' | 'nextAttemptAt' | 'eventTime'>,
  ) {
    this.deliveries.reschedule(id, change);
  }

  async deleteDelivery(id: string) {
    this.deliveries.delete(id);
  }

  async deliveryCount() {
    return this.deliveries.size;
  }

  async sweep(now: number) {
    this.directory.sweep(now);
    this.paired.sweep(now);
    this.rates.sweep(now);
    this.requests.sweep(now);
    this.pings = this.pings.filter(({ retiresAt }) => retiresAt === undefined || retiresAt > now);
  }

  // No other process has this memory.
  readonly shared = false;

  announce() {}

  onAnnounced() {}

  async answeredSince() {
    return [];
  }

  async check() {}

  async close() {}
}
