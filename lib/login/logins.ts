import type { LaunchKeyClient } from '../client/client.js';
import type { LoginRecord, PendingLogin, Store } from '../store/store.js';
import { isLocalAnswer, localAnswer } from './answer.js';
import { BackgroundReports } from './background-reports.js';
import { askConcealed, settleInSteps } from './conceal.js';
import { Decoys } from './decoys.js';
import { Diagnostics } from './diagnostics.js';
import { EventInbox } from './events.js';
import { finishLogin } from './finish.js';
import { returnSlots } from './pending-limits.js';
import type { WaitSettings } from './poll-loop.js';
import { LaunchKeySessions } from './sessions.js';
import { LoginStarter, RECORD_GRACE_MS, type StartSettings } from './start.js';
import type { Verdict } from './verdict.js';
import { LoginWaits } from './wait.js';
import { Withdrawals } from './withdrawals.js';

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
  private readonly withdrawals: Withdrawals;
  private readonly decoys: Decoys | undefined;
  private readonly polls: boolean;

  constructor(client: LaunchKeyClient, store: Store, settings: LoginSettings) {
    this.client = client;
    this.store = store;
    this.pollInterval = settings.pollInterval;
    this.polls = settings.poll;
    this.withdrawals = new Withdrawals(client, new BackgroundReports(client));
    this.decoys = settings.concealUsers
      ? new Decoys((purpose) => client.deriveKey(purpose), settings.loginTimeout, RECORD_GRACE_MS)
      : undefined;
    this.diagnostics = new Diagnostics(settings.name);
    const { withdrawals, decoys, diagnostics } = this;
    this.starter = new LoginStarter(
      {
        client,
        store,
        diagnostics,
        withdrawals,
        decoys,
        takeBack: async (handle, outcome) => void (await this.takeBack(handle, outcome)),
      },
      settings,
    );
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

  /**
   * Returns the login with this handle, or `null`. With `concealUsers`, a login that was taken back
   * looks like one that is not answered, because a decoy would.
   */
  async get(handle: string): Promise<LoginRecord | null> {
    const decoy = this.decoys?.open(handle) ?? null;
    const login = await this.store.get(handle);
    if (!login || !this.decoys) return login ?? decoy;
    if (login.answer?.reason !== 'cancelled' || !isLocalAnswer(login.answer)) return login;
    const { answer: _answer, ...unanswered } = login;
    return { ...unanswered, state: 'pending', decoy: true };
  }

  /** Whether `concealUsers` is set. */
  get conceals(): boolean {
    return this.decoys !== undefined;
  }

  /** Asks the engine once for the answer, unless only events bring answers. */
  async ask(login: PendingLogin): Promise<void> {
    if (!this.polls) return;
    const ask = () => this.waits.ask(login);
    await (this.decoys ? askConcealed(this.store, login, ask) : ask());
  }

  /** See {@link finishLogin}. */
  finish(handle: string): Promise<Verdict | null> {
    return finishLogin(this, handle);
  }

  /** See {@link Store.release}. */
  release(handle: string): Promise<void> {
    return this.store.release(handle);
  }

  /**
   * Cancels a login on behalf of its browser, and takes its auth request off the phone. An earlier
   * answer stands.
   *
   * @returns whether it was cancelled.
   */
  async cancel(handle: string): Promise<boolean> {
    const cancelled = this.takeBack(handle, 'denied');
    return this.decoys ? settleInSteps(cancelled) : cancelled;
  }

  /** Takes back a login whose browser did not get the response to its start. */
  async undeliver(login: PendingLogin): Promise<void> {
    await this.starter.endInTurn(login, async () => {
      await this.takeBack(login.handle, 'left');
    });
  }

  /**
   * Ends a login that no browser waits for any more, while its device may still approve it. If the
   * device goes on asking its user, the login keeps its pending slots.
   */
  async abandon(login: PendingLogin, reason: 'cancelled' | 'expired'): Promise<void> {
    if (!(await this.store.answer(login.handle, localAnswer(reason)))) {
      this.reportUnused(login);
    } else if (await this.withdrawals.withdraw(login)) {
      await returnSlots(this.store, login);
    }
  }

  /** Reports to the engine, in the background, that an approval did not log the user in. */
  reportUnused(login: PendingLogin): void {
    this.withdrawals.reportUnused(login);
  }

  private async takeBack(handle: string, outcome: 'denied' | 'left'): Promise<boolean> {
    const login = await this.store.get(handle);
    if (!login || !(await this.store.answer(handle, localAnswer('cancelled')))) return false;
    await this.store.consume(handle);
    this.diagnostics.answered(login, false, 'cancelled');
    this.diagnostics.finished(login, outcome);
    const withdrawal = this.withdrawals.withdraw(login);
    // The engine's time would tell a user who exists from one who does not.
    if (!this.decoys) await withdrawal;
    await returnSlots(this.store, login);
    return true;
  }
}
