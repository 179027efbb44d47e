import { copyWith } from '../../util/copy-with.js';
import type { AuditRecord } from '../ports/audit.js';
import type { DeliveryRecord } from '../ports/deliveries.js';
import type { RequestRecord } from '../ports/requests.js';
import type { SessionPort, SessionRecord } from '../ports/sessions.js';
import { REMEMBER_BROWSER_MS } from '../retention.js';
import type { MemoryAudit } from './audit.js';
import type { MemoryDeliveries } from './deliveries.js';
import type { PastRequests } from './past-requests.js';

export class MemorySessions implements SessionPort {
  private readonly past: PastRequests;
  private readonly audit: MemoryAudit;
  private readonly deliveries: MemoryDeliveries;
  private readonly byToken = new Map<string, SessionRecord>();
  private readonly byUser = new Map<string, Map<string, SessionRecord>>();
  /** The requests that opened the sessions, with their answers. */
  private readonly requests = new Map<string, RequestRecord>();
  /** When the requests with a browser were made, oldest first. */
  private readonly withBrowser = new Map<string, number>();

  constructor(past: PastRequests, audit: MemoryAudit, deliveries: MemoryDeliveries) {
    this.past = past;
    this.audit = audit;
    this.deliveries = deliveries;
  }

  async get(authRequest: string) {
    return this.byToken.get(authRequest);
  }

  async list(userId: string) {
    return this.ofUser(userId);
  }

  async confirm(authRequest: string, appKey: string) {
    const session = this.byToken.get(authRequest);
    if (session?.state !== 'open' || session.appKey !== appKey) return undefined;
    if (!session.confirmed) this.put({ ...session, confirmed: true });
    return session.userId;
  }

  async end(authRequest: string) {
    const session = this.byToken.get(authRequest);
    if (!session) return false;
    this.remove(session);
    return true;
  }

  async clear(userId: string, appKey: string, audit: AuditRecord, event?: DeliveryRecord) {
    const cleared = this.ofUser(userId)
      .filter((session) => session.appKey === appKey)
      .map((session): SessionRecord => ({ ...session, state: 'pending clear' }));
    for (const session of cleared) this.put(session);
    if (cleared.length === 0) return cleared;
    this.audit.add(audit);
    if (event) this.deliveries.add(event, 0);
    return cleared;
  }

  /** Opens the session of an answered request and ends the user's oldest one beyond `limit`. */
  open(request: RequestRecord, now: number, limit: number): void {
    const { authRequest, appKey, appName, userId, context } = request;
    const [oldest, ...others] = this.ofUser(userId).filter((one) => one.appKey === appKey);
    if (oldest && others.length + 1 >= limit) this.remove(oldest);
    this.requests.set(authRequest, request);
    if (request.browser) this.withBrowser.set(authRequest, request.createdAt);
    const state = { openedAt: now, state: 'open' as const, confirmed: false };
    this.put({ authRequest, appKey, appName, userId, context, ...state });
  }

  /** The request that opened this session. */
  request(authRequest: string): RequestRecord | undefined {
    const request = this.requests.get(authRequest);
    return request && copyWith(request, { sessionState: this.byToken.get(authRequest)?.state });
  }

  /** Deletes sessions without remembering their requests as past. */
  deleteWhere(matches: (request: RequestRecord) => boolean): void {
    for (const request of this.requests.values()) {
      const session = this.byToken.get(request.authRequest);
      if (session && matches(request)) this.forget(session);
    }
  }

  /** Sessions are in the order in which they were opened. */
  endOlderThan(time: number): void {
    for (const session of this.byToken.values()) {
      if (session.openedAt > time) return;
      this.remove(session);
    }
  }

  sweep(now: number): void {
    for (const [authRequest, createdAt] of this.withBrowser) {
      if (createdAt > now - REMEMBER_BROWSER_MS) return;
      this.withBrowser.delete(authRequest);
      const request = this.requests.get(authRequest);
      if (request)
        this.requests.set(authRequest, { ...request, browser: undefined, rateKey: undefined });
    }
  }

  ofUser(userId: string): SessionRecord[] {
    return [...(this.byUser.get(userId)?.values() ?? [])];
  }

  private put(session: SessionRecord): void {
    this.byToken.set(session.authRequest, session);
    const ofUser = this.byUser.get(session.userId) ?? new Map<string, SessionRecord>();
    ofUser.set(session.authRequest, session);
    this.byUser.set(session.userId, ofUser);
  }

  private remove(session: SessionRecord): void {
    this.forget(session);
    this.past.add(session.authRequest, session.appKey, { hadSession: true });
  }

  private forget({ authRequest, userId }: SessionRecord): void {
    this.byToken.delete(authRequest);
    this.requests.delete(authRequest);
    this.withBrowser.delete(authRequest);
    const ofUser = this.byUser.get(userId);
    ofUser?.delete(authRequest);
    if (ofUser?.size === 0) this.byUser.delete(userId);
  }
}
