import { BoundedMap } from '../../util/bounded-map.js';
import type { AnswerRecord, PastRequest, RequestRecord, SessionRecord } from '../records.js';

/** How long a request that is over is still told apart from one that never was. */
const REMEMBERED = 3_600_000;

/** Auth requests and the sessions that come of them: one step on both is one method here. */
export class MemoryRequests {
  private readonly byToken = new Map<string, RequestRecord>();
  /** Requests whose session lives: apart, so that a sweep need not walk over them. */
  private readonly withSession = new Map<string, RequestRecord>();
  private readonly pendingByUser = new Map<string, Set<RequestRecord>>();
  private readonly sessionsByToken = new Map<string, SessionRecord>();
  private readonly sessionsByUser = new Map<string, Map<string, SessionRecord>>();
  private readonly past = new BoundedMap<string, PastRequest & { until: number }>(100_000);
  private now = 0;
  /** Whether they stand in the order of their end; not so after the clock was put back. */
  private inOrder = true;
  private latestEnd = 0;

  insert(request: RequestRecord, pendingLimit: number): 'inserted' | 'taken' | 'full' {
    if (this.get(request.authRequest)) return 'taken';
    let pending = this.pendingByUser.get(request.userId);
    if (pending && pending.size >= pendingLimit) {
      this.expire(pending, request.createdAt);
      if (pending.size >= pendingLimit) return 'full';
    }
    if (!pending) {
      pending = new Set();
      this.pendingByUser.set(request.userId, pending);
    }
    pending.add(request);
    if (request.expiresAt < this.latestEnd) this.inOrder = false;
    this.latestEnd = request.expiresAt;
    this.byToken.set(request.authRequest, request);
    return 'inserted';
  }

  get(authRequest: string): RequestRecord | PastRequest | undefined {
    return (
      this.byToken.get(authRequest) ??
      this.withSession.get(authRequest) ??
      this.past.get(authRequest)
    );
  }

  pending(userId: string, now: number): RequestRecord[] {
    const pending = this.pendingByUser.get(userId) ?? [];
    return [...pending].filter((request) => request.expiresAt > now);
  }

  pendingCount(now: number): number {
    let count = 0;
    for (const pending of this.pendingByUser.values()) {
      for (const request of pending) if (request.expiresAt > now) count += 1;
    }
    return count;
  }

  expireAll(userId: string, now: number): string[] {
    const pending = this.pending(userId, now);
    this.pendingByUser.delete(userId);
    for (const { authRequest, appKey } of pending) this.forget(authRequest, appKey, false);
    return pending.map(({ authRequest }) => authRequest);
  }

  answer(
    authRequest: string,
    answer: AnswerRecord,
    now: number,
    sessionLimit: number,
  ): RequestRecord | 'answered' | 'expired' | 'denial only' | undefined {
    const request = this.get(authRequest);
    if (request === undefined) return undefined;
    if ('past' in request) return 'expired';
    if (request.answer) return 'answered';
    if (request.expiresAt <= now) return 'expired';
    if (answer.approved && request.denialOnly) return 'denial only';
    this.removePending(request);
    const answered = { ...request, answer };
    if (answer.approved && request.session) this.open(answered, now, sessionLimit);
    else this.byToken.set(authRequest, answered);
    return answered;
  }

  allowDenialOnly(authRequest: string): void {
    const request = this.byToken.get(authRequest);
    if (!request || request.answer) return;
    const restricted = { ...request, denialOnly: true };
    this.byToken.set(authRequest, restricted);
    // In its place, since they are shown in the order in which they came.
    const pending = this.pendingByUser.get(request.userId);
    if (!pending) return;
    const all = [...pending].map((one) => (one === request ? restricted : one));
    this.pendingByUser.set(request.userId, new Set(all));
  }

  session(authRequest: string): SessionRecord | undefined {
    return this.sessionsByToken.get(authRequest);
  }

  sessions(userId: string): SessionRecord[] {
    return [...(this.sessionsByUser.get(userId)?.values() ?? [])];
  }

  confirm(authRequest: string): boolean {
    const session = this.sessionsByToken.get(authRequest);
    if (session?.state !== 'open') return false;
    if (!session.confirmed) this.putSession({ ...session, confirmed: true });
    return true;
  }

  end(authRequest: string): boolean {
    const session = this.dropSession(authRequest);
    if (!session) return false;
    this.forget(authRequest, session.appKey, true);
    return true;
  }

  clear(userId: string, appKey: string): SessionRecord[] {
    const cleared: SessionRecord[] = [];
    for (const session of this.sessions(userId)) {
      if (session.appKey !== appKey) continue;
      const clearing: SessionRecord = { ...session, state: 'pending clear' };
      this.putSession(clearing);
      cleared.push(clearing);
    }
    return cleared;
  }

  /** Returns those that were open. */
  deleteWhere(are: (request: { appKey: string; userId: string }) => boolean): RequestRecord[] {
    const open: RequestRecord[] = [];
    for (const requests of [this.byToken, this.withSession]) {
      for (const request of requests.values()) {
        if (!are(request)) continue;
        requests.delete(request.authRequest);
        this.removePending(request);
        this.dropSession(request.authRequest);
        if (!request.answer) open.push(request);
      }
    }
    return open;
  }

  sweep(now: number): void {
    this.now = now;
    let inOrder = true;
    let latestEnd = 0;
    for (const [authRequest, request] of this.byToken) {
      if (request.expiresAt <= now) {
        this.removePending(request);
        this.forget(authRequest, request.appKey, false);
        continue;
      }
      // All after the first one that lives are alive as well.
      if (this.inOrder) break;
      inOrder &&= request.expiresAt >= latestEnd;
      latestEnd = request.expiresAt;
    }
    this.inOrder ||= inOrder;
    this.past.dropOldest(({ until }) => until <= now);
  }

  private open(request: RequestRecord, now: number, limit: number): void {
    const same = this.sessions(request.userId).filter((s) => s.appKey === request.appKey);
    const oldest = same[0];
    if (oldest && same.length >= limit) this.end(oldest.authRequest);
    this.byToken.delete(request.authRequest);
    this.withSession.set(request.authRequest, request);
    this.putSession({
      authRequest: request.authRequest,
      appKey: request.appKey,
      appName: request.appName,
      userId: request.userId,
      context: request.context,
      openedAt: now,
      state: 'open',
      confirmed: false,
    });
  }

  private dropSession(authRequest: string): SessionRecord | undefined {
    const session = this.sessionsByToken.get(authRequest);
    if (!session) return undefined;
    this.sessionsByToken.delete(authRequest);
    const ofUser = this.sessionsByUser.get(session.userId);
    ofUser?.delete(authRequest);
    if (ofUser?.size === 0) this.sessionsByUser.delete(session.userId);
    return session;
  }

  private putSession(session: SessionRecord): void {
    this.sessionsByToken.set(session.authRequest, session);
    let ofUser = this.sessionsByUser.get(session.userId);
    if (!ofUser) {
      ofUser = new Map();
      this.sessionsByUser.set(session.userId, ofUser);
    }
    ofUser.set(session.authRequest, session);
  }

  private expire(pending: Set<RequestRecord>, now: number): void {
    for (const request of pending) if (request.expiresAt <= now) pending.delete(request);
  }

  private removePending(request: RequestRecord): void {
    const pending = this.pendingByUser.get(request.userId);
    pending?.delete(request);
    if (pending?.size === 0) this.pendingByUser.delete(request.userId);
  }

  private forget(authRequest: string, appKey: string, hadSession: boolean): void {
    this.byToken.delete(authRequest);
    this.withSession.delete(authRequest);
    const until = this.now + REMEMBERED;
    this.past.set(authRequest, { past: true, appKey, hadSession, until });
  }
}
