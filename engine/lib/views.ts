import type { Policy, RequestRecord, SessionRecord } from './data/records.js';

/** An auth request as a device shows it. */
export interface PendingRequest {
  authRequest: string;
  app: { name: string; appKey: string };
  username: string;
  /** What the application says that it is about. */
  context?: string;
  /** Whether an approval opens a LaunchKey session; otherwise it is a transaction. */
  session: boolean;
  /** The numbers to pick from, where one must be picked. */
  numbers?: string[];
  policy?: Policy;
  createdAt: Date;
  expiresAt: Date;
}

/** A LaunchKey session that has not ended. */
export interface OpenSession {
  authRequest: string;
  app: { name: string; appKey: string };
  context?: string;
  openedAt: Date;
  /** `pending clear`: ended on the device, and the application has not confirmed it yet. */
  state: 'open' | 'pending clear';
  /** Whether the application has reported that it logged the user in. */
  confirmed: boolean;
}

export function showRequest(request: RequestRecord): PendingRequest {
  return {
    authRequest: request.authRequest,
    app: { name: request.appName, appKey: request.appKey },
    username: request.username,
    context: request.context,
    session: request.session,
    numbers: request.numbers && [...request.numbers],
    policy: request.policy,
    createdAt: new Date(request.createdAt),
    expiresAt: new Date(request.expiresAt),
  };
}

export function showSession(session: SessionRecord): OpenSession {
  return {
    authRequest: session.authRequest,
    app: { name: session.appName, appKey: session.appKey },
    context: session.context,
    openedAt: new Date(session.openedAt),
    state: session.state,
    confirmed: session.confirmed,
  };
}
