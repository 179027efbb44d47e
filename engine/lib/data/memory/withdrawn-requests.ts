import type { WithdrawnRequest } from '../ports/requests.js';
import { REPORT_WITHDRAWN_MS } from '../retention.js';

const MAX_WITHDRAWN_REQUESTS = 10_000;

/** Withdrawn requests, for as long as their users can report them. */
export class WithdrawnRequests {
  /** Oldest first. */
  private readonly byToken = new Map<string, WithdrawnRequest>();
  private readonly byUser = new Map<string, Set<string>>();

  get(authRequest: string): WithdrawnRequest | undefined {
    return this.byToken.get(authRequest);
  }

  /** Oldest first. */
  ofUser(userId: string): WithdrawnRequest[] {
    const tokens = this.byUser.get(userId) ?? [];
    return [...tokens].flatMap((token) => this.byToken.get(token) ?? []);
  }

  add(request: WithdrawnRequest): void {
    const [oldest] = this.byToken.values();
    if (oldest && this.byToken.size >= MAX_WITHDRAWN_REQUESTS) this.remove(oldest);
    this.byToken.set(request.authRequest, request);
    const tokens = this.byUser.get(request.userId) ?? new Set();
    tokens.add(request.authRequest);
    this.byUser.set(request.userId, tokens);
  }

  markReported(request: WithdrawnRequest): void {
    this.byToken.set(request.authRequest, { ...request, reported: true });
  }

  deleteWhere(matches: (request: WithdrawnRequest) => boolean): void {
    for (const request of this.byToken.values()) if (matches(request)) this.remove(request);
  }

  sweep(now: number): void {
    for (const request of this.byToken.values()) {
      if (request.withdrawnAt > now - REPORT_WITHDRAWN_MS) return;
      this.remove(request);
    }
  }

  private remove({ authRequest, userId }: WithdrawnRequest): void {
    this.byToken.delete(authRequest);
    const tokens = this.byUser.get(userId);
    tokens?.delete(authRequest);
    if (tokens?.size === 0) this.byUser.delete(userId);
  }
}
