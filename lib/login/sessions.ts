import type { LaunchKeyClient } from '../client/client.js';
import { LaunchKeyError } from '../errors.js';
import type { LaunchKeySession, PendingLogin, Store } from '../store/store.js';
import { BackgroundReports } from './background.js';

/** How long a LaunchKey session is remembered when nobody ends it, in milliseconds: 30 days. */
const SESSION_TTL = 30 * 24 * 60 * 60 * 1000;
/** For how long somebody waits for the engine to take a `Revoke`, in milliseconds. */
const PATIENCE = 1_500;

/**
 * The LaunchKey sessions of the application: opened by an approved login, ended by the
 * application (`logout`) or on the device (a logout event).
 */
export class LaunchKeySessions {
  private readonly client: LaunchKeyClient;
  private readonly store: Store;
  private readonly background: BackgroundReports;

  constructor(client: LaunchKeyClient, store: Store) {
    this.client = client;
    this.store = store;
    this.background = new BackgroundReports(client);
  }

  /** Remembers the session that an approval opens. */
  async open({ handle, authRequest }: PendingLogin, userHash: string): Promise<void> {
    const startedAt = Math.floor(this.client.engineNow() / 1000) * 1000;
    await this.store.openSession({ handle, authRequest, userHash, startedAt }, SESSION_TTL);
  }

  /** Forgets a session that nobody was logged in by, and tells nobody. */
  async forget(handle: string): Promise<void> {
    await this.store.removeSession(handle);
  }

  /** Whether that session is open. Rejects if the store is out of reach. */
  async isOpen(handle: string): Promise<boolean> {
    return (await this.store.getSession(handle)) !== null;
  }

  /**
   * Ends a session because its user logged out of the application, or was not let in.
   *
   * @returns whether the engine confirmed it. If it is away it is told later, in the background.
   */
  async close(handle: string): Promise<boolean> {
    const session = await this.store.getSession(handle);
    if (!session) return false;
    await this.store.removeSession(handle);
    return this.revoke(session.authRequest);
  }

  /**
   * Ends the sessions of a user that began at or before `until` because of a logout event: first
   * for every process (by the store), then for the application, then the engine is told. Whatever
   * is cut short is done again when the event comes again.
   *
   * @throws what the store, `onLogout` or the client throws.
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
    const told = await Promise.allSettled(ended.map((session) => this.confirmEnd(session)));
    for (const result of told) {
      if (result.status === 'rejected') throw result.reason;
    }
    return ended;
  }

  private async confirmEnd({ authRequest, handle }: LaunchKeySession): Promise<void> {
    await this.client.logout(authRequest);
    await this.store.removeSession(handle);
  }

  /**
   * Reports `Revoke`; `false` where the engine does not know the session, is away, or takes its time:
   * then it is told in the background.
   */
  private async revoke(authRequest: string): Promise<boolean> {
    const signal = AbortSignal.timeout(PATIENCE);
    try {
      return await this.client.logout(authRequest, { signal });
    } catch (error) {
      if (!signal.aborted && !(error instanceof LaunchKeyError)) throw error;
      if (signal.aborted || (error as LaunchKeyError).retryable) {
        this.background.send({ authRequest, action: 'Revoke', status: true });
      }
      return false;
    }
  }
}
