import type { AuditRecord } from './audit.js';
import type { DeliveryRecord } from './deliveries.js';

export interface SessionRecord {
  authRequest: string;
  appKey: string;
  appName: string;
  userId: string;
  context?: string;
  openedAt: number;
  /** `pending clear`: the user has ended it, and the application has not sent `Revoke` yet. */
  state: 'open' | 'pending clear';
  /** Whether the application has reported `Authenticate`, `True`. */
  confirmed: boolean;
}

export interface SessionPort {
  get(authRequest: string): Promise<SessionRecord | undefined>;
  /** The user's sessions, oldest first. */
  list(userId: string): Promise<SessionRecord[]>;
  /**
   * Confirms an open session of the application and returns its user; `undefined` if there is no such
   * session.
   */
  confirm(authRequest: string, appKey: string): Promise<string | undefined>;
  /** Ends a session and forgets its answer; `false` if the session does not exist. */
  end(authRequest: string, now: number): Promise<boolean>;
  /**
   * Marks the user's sessions with the application as `pending clear` and returns them. If there are
   * any, the same step writes `audit` and queues `event`, which replaces an earlier logout event of the
   * same user and application.
   */
  clear(
    userId: string,
    appKey: string,
    audit: AuditRecord,
    event?: DeliveryRecord,
  ): Promise<SessionRecord[]>;
}
