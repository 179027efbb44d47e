import { copyWith } from '../../util/copy-with.js';
import { asExpected, passesAsExpected } from '../expected-login.js';
import { expiryOf } from '../expired-requests.js';
import type { AuditRecord } from '../ports/audit.js';
import type {
  AnswerRecord,
  AnswerStep,
  PastRequest,
  ReportStep,
  RequestLimits,
  RequestPort,
  RequestRecord,
  WithdrawnRequest,
} from '../ports/requests.js';
import type { MemoryAudit } from './audit.js';
import type { MemoryDeliveries } from './deliveries.js';
import type { MemoryFraud } from './fraud.js';
import type { PastRequests } from './past-requests.js';
import type { MemoryRates } from './rates.js';
import type { MemoryReceipts } from './receipts.js';
import type { Rows } from './rows.js';
import type { MemorySessions } from './sessions.js';
import { WithdrawnRequests } from './withdrawn-requests.js';

/** The ports that the steps of a request write to. */
export interface RequestPorts {
  rates: MemoryRates;
  sessions: MemorySessions;
  receipts: MemoryReceipts;
  audit: MemoryAudit;
  fraud: MemoryFraud;
  deliveries: MemoryDeliveries;
}

export class MemoryRequests implements RequestPort {
  private readonly rows: Rows;
  private readonly past: PastRequests;
  private readonly ports: RequestPorts;
  /** Requests without a session: a sweep reads only these. */
  private readonly byToken = new Map<string, RequestRecord>();
  private readonly openByUser = new Map<string, Set<RequestRecord>>();
  private readonly withdrawn = new WithdrawnRequests();
  /** Whether `byToken` is in the order of expiry, which a clock that is put back breaks. */
  private inOrder = true;
  private latestExpiry = 0;

  constructor(rows: Rows, past: PastRequests, ports: RequestPorts) {
    this.rows = rows;
    this.past = past;
    this.ports = ports;
  }

  async insert(
    request: RequestRecord,
    { open: openLimit, rate }: RequestLimits,
    audit?: AuditRecord,
  ) {
    const { apps, users } = this.rows;
    const user = users.get(request.userId);
    if (!apps.has(request.appKey) || !user || user.suspendedAt !== undefined) return 'gone';
    const waitMs = rate ? this.ports.rates.count(rate, request.createdAt) : 0;
    const expected = passesAsExpected(rate, user.loginExpectedUntil, request.createdAt);
    if (waitMs > 0 && !expected) return { waitMs };
    if (this.find(request.authRequest)) return 'taken';
    const open = this.openByUser.get(request.userId) ?? new Set();
    if (open.size >= openLimit) {
      for (const one of open) if (one.expiresAt <= request.createdAt) open.delete(one);
      if (open.size >= openLimit) return 'full';
    }
    if (waitMs > 0) users.set(user.id, { ...user, loginExpectedUntil: undefined });
    open.add(request);
    this.openByUser.set(request.userId, open);
    if (request.expiresAt < this.latestExpiry) this.inOrder = false;
    this.latestExpiry = request.expiresAt;
    this.byToken.set(request.authRequest, request);
    if (audit) this.ports.audit.add(waitMs > 0 ? asExpected(audit) : audit);
    return 'inserted';
  }

  async get(authRequest: string) {
    return this.find(authRequest);
  }

  async listOpen(userId: string, now: number) {
    return this.open(userId, now);
  }

  async countOpen(now: number) {
    let count = 0;
    for (const open of this.openByUser.values()) {
      for (const request of open) if (request.expiresAt > now) count += 1;
    }
    return count;
  }

  async expireOpen(userId: string, now: number) {
    const open = this.open(userId, now);
    this.openByUser.delete(userId);
    for (const request of open) this.expire({ ...request, expiresAt: now });
    return open.map(({ authRequest }) => authRequest);
  }

  async answer(authRequest: string, answer: AnswerRecord, step: AnswerStep) {
    const { now, sessionLimit, receipt, audit, event, eventLimit, eventLeaseMs } = step;
    const request = this.find(authRequest);
    if (request === undefined) return undefined;
    const end = endOf(request, now);
    if (end || 'past' in request) return end ?? 'expired';
    if (answer.approved && request.denialOnly) return 'denial only';
    this.removeOpen(request);
    const answered = copyWith(request, { answer });
    const { sessions, receipts, fraud, deliveries, rates } = this.ports;
    if (answer.approved && step.resetsRate && request.rateKey) rates.reset(request.rateKey);
    if (answer.approved && request.session) {
      this.byToken.delete(authRequest);
      sessions.open(answered, now, sessionLimit);
    } else {
      this.byToken.set(authRequest, answered);
    }
    if (receipt) receipts.add(receipt);
    if (audit) this.ports.audit.add(audit);
    return {
      request: copyWith(answered, {
        sessionState: sessions.request(authRequest)?.sessionState,
      }),
      queued: event === undefined || deliveries.add(event, eventLimit, eventLeaseMs !== undefined),
      fraud: step.fraud && fraud.report(request, now, step.fraud),
    };
  }

  async allowDenialOnly(authRequest: string) {
    const request = this.byToken.get(authRequest);
    if (!request || request.answer) return;
    const restricted = { ...request, denialOnly: true };
    this.byToken.set(authRequest, restricted);
    const open = this.openByUser.get(request.userId);
    if (!open) return;
    // Replaced in position, since devices show requests in the order in which they were made.
    const replaced = [...open].map((one) => (one === request ? restricted : one));
    this.openByUser.set(request.userId, new Set(replaced));
  }

  async withdraw(authRequest: string, audit: AuditRecord, now: number) {
    const request = this.find(authRequest);
    if (request === undefined) return undefined;
    const end = endOf(request, now);
    if (end || 'past' in request) return end ?? 'expired';
    this.removeOpen(request);
    this.byToken.delete(authRequest);
    this.past.add(authRequest, request.appKey, { withdrawn: true });
    this.withdrawn.add({ ...request, withdrawnAt: now, reported: false });
    if (request.rateKey) this.ports.rates.withdraw(request.rateKey, request.createdAt);
    this.ports.audit.add(audit);
    return 'taken back';
  }

  async listWithdrawn(userId: string, since: number, limit: number) {
    return this.withdrawnOf(userId, since, limit);
  }

  async reportWithdrawn(authRequest: string, userId: string, step: ReportStep) {
    const request = this.withdrawn.get(authRequest);
    if (request?.userId !== userId || request.withdrawnAt <= step.since) return undefined;
    if (request.reported) return 'reported';
    this.withdrawn.markReported(request);
    return this.ports.fraud.report(request, step.now, step.fraud);
  }

  async endedSince() {
    return [];
  }

  /** Returns the deleted requests that were open. */
  deleteWhere(matches: (request: RequestRecord) => boolean): RequestRecord[] {
    const open: RequestRecord[] = [];
    for (const request of this.byToken.values()) {
      if (!matches(request)) continue;
      this.byToken.delete(request.authRequest);
      this.removeOpen(request);
      if (!request.answer) open.push(request);
    }
    this.withdrawn.deleteWhere(matches);
    this.ports.sessions.deleteWhere(matches);
    return open;
  }

  sweep(now: number): void {
    let inOrder = true;
    let latestExpiry = 0;
    for (const request of this.byToken.values()) {
      if (request.expiresAt <= now) {
        this.removeOpen(request);
        this.expire(request);
        continue;
      }
      // All requests after this one expire later.
      if (this.inOrder) break;
      inOrder &&= request.expiresAt >= latestExpiry;
      latestExpiry = request.expiresAt;
    }
    this.inOrder ||= inOrder;
    this.withdrawn.sweep(now);
  }

  private find(authRequest: string) {
    return (
      this.byToken.get(authRequest) ??
      this.ports.sessions.request(authRequest) ??
      this.past.get(authRequest)
    );
  }

  open(userId: string, now: number): RequestRecord[] {
    const open = this.openByUser.get(userId) ?? [];
    return [...open].filter(({ expiresAt }) => expiresAt > now);
  }

  withdrawnOf(userId: string, since: number, limit: number): WithdrawnRequest[] {
    const requests = this.withdrawn.ofUser(userId);
    return requests.filter(({ withdrawnAt }) => withdrawnAt > since).slice(-limit);
  }

  private removeOpen(request: RequestRecord): void {
    const open = this.openByUser.get(request.userId);
    open?.delete(request);
    if (open?.size === 0) this.openByUser.delete(request.userId);
  }

  private expire(request: RequestRecord): void {
    const { authRequest, appKey } = request;
    if (!request.answer) this.ports.audit.add(expiryOf(request));
    this.byToken.delete(authRequest);
    this.past.add(authRequest, appKey);
  }
}

/** How the request has ended; `undefined` while it is open. */
function endOf(
  request: RequestRecord | PastRequest,
  now: number,
): 'answered' | 'expired' | 'withdrawn' | undefined {
  if ('past' in request) return request.withdrawn ? 'withdrawn' : 'expired';
  if (request.answer) return 'answered';
  return request.expiresAt <= now ? 'expired' : undefined;
}
