import type {
  AnswerRecord,
  AppRecord,
  DeliveryRecord,
  IdentityKind,
  PairingRecord,
  RateWindow,
  RequestRecord,
  UserRecord,
} from '../records.js';
import type { Repository } from '../repository.js';
import { MemoryDeliveries } from './deliveries.js';
import { MemoryDirectory } from './directory.js';
import { MemoryRates } from './rates.js';
import { MemoryRequests } from './requests.js';

/** Everything in this process's memory: gone when it ends. */
export class MemoryRepository implements Repository {
  private readonly directory = new MemoryDirectory();
  private readonly rates = new MemoryRates();
  private readonly requests = new MemoryRequests();
  private readonly deliveries = new MemoryDeliveries();

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

  async setDevice(userId: string, deviceId: string | undefined) {
    this.directory.setDevice(userId, deviceId);
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

  async takePairing(codeHash: string, now: number) {
    return this.directory.takePairing(codeHash, now);
  }

  async pairingByImage(imageHash: string, now: number) {
    return this.directory.pairingByImage(imageHash, now);
  }

  async takeRate(key: string, windows: readonly RateWindow[], now: number) {
    return this.rates.take(key, windows, now);
  }

  async insertRequest(request: RequestRecord, pendingLimit: number) {
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

  async answerRequest(
    authRequest: string,
    answer: AnswerRecord,
    now: number,
    sessionLimit: number,
  ) {
    return this.requests.answer(authRequest, answer, now, sessionLimit);
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

  async clearSessions(userId: string, appKey?: string) {
    return this.requests.clear(userId, appKey);
  }

  async insertDelivery(delivery: DeliveryRecord, limit: number) {
    return this.deliveries.insert(delivery, limit);
  }

  async claimDeliveries(now: number, limit: number, perApp: number) {
    return this.deliveries.claim(now, limit, perApp);
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
    this.rates.sweep(now);
    this.requests.sweep(now);
  }

  async close() {}
}
