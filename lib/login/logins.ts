import type { LaunchKeyClient } from '../client/client.js';
import type { LoginRecord, PendingLogin, Store } from '../store/store.js';
import { localAnswer } from './answer.js';
import { BackgroundReports } from './background-reports.js';
import { askConcealed } from './conceal.js';
import { Diagnostics } from './diagnostics.js';
import { EventInbox } from './events.js';
import { finishLogin } from './finish.js';
import { returnSlots } from './pending-limits.js';
import type { WaitSettings } from './poll-loop.js';
import { LaunchKeySessions } from './sessions.js';
import { LoginStarter, type StartSettings } from './start.js';
import type { Verdict } from './verdict.js';
import { LoginWaits } from './wait.js';

/** The time for which the engine accepts an answer to an auth request. */
const AUTH_REQUEST_LIFETIME_MS = 300_000;
/** Covers clocks that differ, and answers that are on their way. */
const CLOCK_MARGIN_MS = 5_000;

/** Settings of {@link Logins}. */
export interface LoginSettings extends WaitSettings, StartSettings {
  /** The name of the strategy. */
  name: string;
  confirmCallback: boolean;
}

/** Everything that one strategy needs to start, wait for, finish and end logins. */
export class Logins {
  readonly starter: LoginStarter;
  readonly waits: LoginWaits;
  readonly sessions: LaunchKeySessions;
  readonly inbox: EventInbox;
  readonly diagnostics: Diagnostics;
  readonly client: LaunchKeyClient;
  readonly store: Store;
  readonly pollInterval: number;
  private readonly reports: BackgroundReports;
  private readonly polls: boolean;
  private readonly conceals: boolean;

  constructor(client: LaunchKeyClient, store: Store, settings: LoginSettings) {
    this.client = client;
    this.store = store;
    this.pollInterval = settings.pollInterval;
    this.polls = settings.poll;
    this.conceals = settings.concealUsers;
    this.reports = new BackgroundReports(client);
    this.diagnostics = new Diagnostics(settings.name);
    this.starter = new LoginStarter(client, store, settings);
    this.waits = new LoginWaits(client, store, settings, this.diagnostics);
    this.sessions = new LaunchKeySessions(client, store);
    this.inbox = new EventInbox(
      {
        client,
        store,
        starter: this.starter,
        waits: this.waits,
        sessions: this.sessions,
        diagnostics: this.diagnostics,
      },
      settings.confirmCallback,
    );
  }

  /** Returns the login with this handle, or `null`. */
  get(handle: string): Promise<LoginRecord | null> {
    return this.store.get(handle);
  }

  /** Asks the engine once for the answer, unless only events bring answers. */
  async ask(login: PendingLogin): Promise<void> {
    if (!this.polls) return;
    const ask = () => this.waits.ask(login);
    await (this.conceals ? askConcealed(this.store, login, ask) : ask());
  }

  /** See {@link finishLogin}. */
  finish(handle: string): Promise<Verdict | null> {
    return finishLogin(this, handle);
  }

  /** See {@link Store.release}. */
  release(handle: string): Promise<void> {
    return this.store.release(handle);
  }

  /** Cancels a login. Resolves to `false` if it has an answer already, or is unknown. */
  async cancel(handle: string): Promise<boolean> {
    const login = await this.store.get(handle);
    if (!login) return false;
    const cancelled = await this.store.answer(handle, localAnswer('cancelled'));
    if (!cancelled) return false;
    this.diagnostics.answered(login, false, 'cancelled');
    this.reportUnusedLater(login);
    await returnSlots(this.store, login);
    return true;
  }

  /**
   * Ends a login that no browser waits for any more, while its device may still approve it. The
   * login keeps its pending slots, because the device keeps asking its user.
   */
  async abandon(login: PendingLogin, reason: 'cancelled' | 'expired'): Promise<void> {
    if (await this.store.answer(login.handle, localAnswer(reason))) this.reportUnusedLater(login);
    else this.reportUnused(login);
  }

  /** Reports to the engine, in the background, that an approval did not log the user in. */
  reportUnused({ authRequest, session, decoy }: PendingLogin, delayMs?: number): void {
    if (!session || decoy) return;
    this.reports.send({ authRequest, action: 'Authenticate', status: false }, delayMs);
  }

  /**
   * Reports the same once the device can no longer answer. If it did not answer, the engine refuses
   * the report, so this costs one call in either case.
   */
  private reportUnusedLater(login: PendingLogin): void {
    const remainingMs = login.startedAt + AUTH_REQUEST_LIFETIME_MS - Date.now();
    if (remainingMs > 0) this.reportUnused(login, remainingMs + CLOCK_MARGIN_MS);
  }
}
