import type { LaunchKeyClient } from '../client/client.js';
import { LaunchKeyError } from '../errors.js';
import type { LaunchKeySession, PendingLogin, Store } from '../store/store.js';
import { BackgroundReports } from './background-reports.js';
import { isRetryable } from './engine-errors.js';

/** A LaunchKey session that is not ended before is forgotten after 30 days. */
const SESSION_TTL_MS = 30 * 24 * 60 * 60 * 1000;
/** The time for which a request waits until the engine confirms a `Revoke`. */
const REVOKE_TIMEOUT_MS = 1_500;

/**
 * The LaunchKey sessions of the application. An approved login opens one; the application (by
 * `logout`) or the user on the device (by a logout event) ends it.
 */
export class LaunchKeySessions {
  private readonly client: LaunchKeyClient;
  private readonly store: Store;
  private readonly reports: BackgroundReports;

  constructor(client: LaunchKeyClient, store: Store) {
    this.client = client;
    this.store = store;
    this.reports = new BackgroundReports(client);
  }

  /** Stores the session that an approval opens. */
  async open({ handle, authRequest }: PendingLogin, userHash: string): Promise<void> {
    const startedAt = Math.floor(this.client.engineNow() / 1000) * 1000;
    await this.store.openSession({ handle, authRequest, userHash, startedAt }, SESSION_TTL_MS);
  }

  /** Removes a session that logged in no browser, without a report to the engine. */
  async forget(handle: string): Promise<void> {
    await this.store.removeSession(handle);
  }

  /** Whether a session is open. Rejects if the store is out of reach. */
  async isOpen(handle: string): Promise<boolean> {
    return (await this.store.getSession(handle)) !== null;
  }

  /**
   * Ends a session because its user logged out of the application, or was not admitted.
   *
   * @returns whether the engine confirmed it. If the engine is away, it is told in the background.
   */
  async close(handle: string): Promise<boolean> {
    const session = await this.store.getSession(handle);
    if (!session) return false;
    await this.store.removeSession(handle);
    return this.revoke(session.authRequest);
  }

  /**
   * Ends the sessions of a user that began at or before `until`, because of a logout event: first
   * in the store, for all processes; then in the application; then at the engine. A step that is
   * interrupted is repeated when the event comes again.
   *
   * @throws the error of the store, of `onLogout` or of the client.
   */
  async endAll(
    userHash: string,
    until: Date,
    onLogout?: (userHash: string, authRequests: string[]) => unknown,
  ): Promise<LaunchKeySession[]> {
    const ended = await this.store.endSessions(userHash, until.getTime());
    await onLogout?.(
      userHash,
      ended.map(({ authRequest }) => authRequest),
    );
    const confirmations = await Promise.allSettled(
      ended.map((session) => this.confirmEnd(session)),
    );
    for (const result of confirmations) {
      if (result.status === 'rejected') throw result.reason;
    }
    return ended;
  }

  private async confirmEnd({ authRequest, handle }: LaunchKeySession): Promise<void> {
    await this.client.logout(authRequest);
    await this.store.removeSession(handle);
  }

  /**
   * Reports `Revoke`, also for a session that is not in the store. Resolves to `false` if the engine does not know the session, is away or does
   * not answer in time; in the last two cases it is told in the background.
   */
  async revoke(authRequest: string): Promise<boolean> {
    const signal = AbortSignal.timeout(REVOKE_TIMEOUT_MS);
    try {
      return await this.client.logout(authRequest, { signal });
    } catch (error) {
      if (!signal.aborted && !(error instanceof LaunchKeyError)) throw error;
      if (signal.aborted || isRetryable(error)) {
        this.reports.send({ authRequest, action: 'Revoke', status: true });
      }
      return false;
    }
  }
}
