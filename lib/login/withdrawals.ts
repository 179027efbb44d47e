import type { LaunchKeyClient } from '../client/client.js';
import type { PendingLogin } from '../store/store.js';
import type { BackgroundReports } from './background-reports.js';
import { isAuthRequestGone } from './engine-errors.js';

/** A browser waits no longer than this for a withdrawal; it then goes on in the background. */
const WITHDRAWAL_TIMEOUT_MS = 1_500;
/** The time for which the engine accepts an answer to an auth request. */
const AUTH_REQUEST_LIFETIME_MS = 300_000;
/** Covers clocks that differ, and answers that are on their way. */
const CLOCK_MARGIN_MS = 5_000;

/**
 * Takes the auth requests of logins that no browser waits for off the phone. An engine that cannot
 * do that is told, when the phone can no longer answer, that an approval logged no one in.
 */
export class Withdrawals {
  private readonly client: LaunchKeyClient;
  private readonly reports: BackgroundReports;

  constructor(client: LaunchKeyClient, reports: BackgroundReports) {
    this.client = client;
    this.reports = reports;
  }

  /**
   * Withdraws an auth request. An approval that came before is reported as refused, and its
   * LaunchKey session is revoked. Never rejects: what fails is retried in the background.
   *
   * @returns whether the phone no longer asks its user.
   */
  async withdraw(login: PendingLogin): Promise<boolean> {
    if (login.decoy) return true;
    const signal = AbortSignal.timeout(WITHDRAWAL_TIMEOUT_MS);
    try {
      return await this.tell(login, signal);
    } catch {
      this.reports.attempt(async () => {
        await this.tell(login);
      });
      return false;
    }
  }

  /** Reports to the engine, in the background, that an approval did not log the user in. */
  reportUnused({ authRequest, session, decoy }: PendingLogin, delayMs?: number): void {
    if (!session || decoy) return;
    this.reports.send({ authRequest, action: 'Authenticate', status: false }, delayMs);
  }

  private async tell(login: PendingLogin, signal?: AbortSignal): Promise<boolean> {
    if (!(await this.client.canWithdraw({ signal }))) {
      this.reportUnusedLater(login);
      return false;
    }
    if (!(await this.client.withdraw(login.authRequest, { signal }))) {
      await this.undoAnswer(login, signal);
    }
    return true;
  }

  /** The user answered before the withdrawal, or the engine knows the auth request no longer. */
  private async undoAnswer(
    { authRequest, session }: PendingLogin,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    try {
      const { answer } = await this.client.poll(authRequest, { signal });
      if (!answer || !(await this.client.readAnswer(authRequest, answer)).authorized) return;
      await this.client.report(authRequest, 'Authenticate', false, { signal });
      if (session) await this.client.logout(authRequest, { signal });
    } catch (error) {
      if (!isAuthRequestGone(error)) throw error;
    }
  }

  /** If the device does not answer until then, the engine refuses the report, which is harmless. */
  private reportUnusedLater(login: PendingLogin): void {
    const remainingMs = login.startedAt + AUTH_REQUEST_LIFETIME_MS - Date.now();
    if (remainingMs > 0) this.reportUnused(login, remainingMs + CLOCK_MARGIN_MS);
  }
}
