import type { LaunchKeyClient } from '../client/client.js';
import type { LoginRecord, PendingLogin, Store } from '../store/store.js';
import { ownAnswer } from './answer.js';
import { BackgroundReports } from './background.js';
import { askUnseen } from './conceal.js';
import { Diagnostics } from './diagnostics.js';
import { EventInbox } from './events.js';
import { CANCELLED, finishLogin } from './finish.js';
import { leavePlaces } from './places.js';
import { LaunchKeySessions } from './sessions.js';
import { LoginStarter, type StartSettings } from './start.js';
import type { Verdict } from './verdict.js';
import { LoginWaits, type WaitSettings } from './wait.js';

/** For how long an engine lets an auth request be answered, in milliseconds. */
const LIFETIME = 300_000;
/** For clocks that differ, and answers that are on their way. */
const MARGIN = 5_000;

/** Settings of {@link Logins}. */
export interface LoginSettings extends WaitSettings, StartSettings {
  /** The name of the strategy. */
  name: string;
  confirmCallback: boolean;
}

/** The parts of a login, put together once for a strategy. */
export class Logins {
  readonly starter: LoginStarter;
  readonly waits: LoginWaits;
  readonly sessions: LaunchKeySessions;
  readonly inbox: EventInbox;
  readonly diagnostics: Diagnostics;
  readonly client: LaunchKeyClient;
  readonly store: Store;
  readonly pollInterval: number;
  private readonly disowned: BackgroundReports;
  private readonly polls: boolean;
  private readonly conceal: boolean;

  constructor(client: LaunchKeyClient, store: Store, settings: LoginSettings) {
    this.client = client;
    this.store = store;
    this.pollInterval = settings.pollInterval;
    this.disowned = new BackgroundReports(client);
    this.polls = settings.poll;
    this.diagnostics = new Diagnostics(settings.name);
    this.conceal = settings.concealUsers;
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

  /** The login of that handle, or `null`. */
  get(handle: string): Promise<LoginRecord | null> {
    return this.store.get(handle);
  }

  /** Asks the engine once, where the engine is to be asked at all. */
  async ask(login: PendingLogin): Promise<void> {
    if (!this.polls) return;
    const ask = () => this.waits.ask(login);
    await (this.conceal ? askUnseen(this.store, login, ask) : ask());
  }

  /** See {@link Store.release}. */
  release(handle: string): Promise<void> {
    return this.store.release(handle);
  }

  /** Ends a login for good, unless its user was faster. Resolves to whether it did. */
  async cancel(handle: string): Promise<boolean> {
    const login = await this.store.get(handle);
    if (!login) return false;
    const cancelled = await this.store.answer(handle, ownAnswer(CANCELLED));
    if (!cancelled) return false;
    this.diagnostics.answered(login, false, CANCELLED);
    this.disownLater(login);
    await leavePlaces(this.store, login);
    return true;
  }

  /**
   * Gives a login up that nobody waits for any more, while its device may still approve it. It keeps
   * its places, since the device goes on asking.
   */
  async giveUp(login: PendingLogin, reason: 'cancelled' | 'expired'): Promise<void> {
    if (await this.store.answer(login.handle, ownAnswer(reason))) this.disownLater(login);
    else this.disown(login);
  }

  /** Tells the engine, in the background, that an approval has logged nobody in. */
  disown({ authRequest, session, decoy }: PendingLogin, pause?: number): void {
    if (!session || decoy) return;
    this.disowned.send({ authRequest, action: 'Authenticate', status: false }, pause);
  }

  /**
   * Does so when the device can answer no more. Whether it has, the engine knows, which refuses the
   * report otherwise; so this costs one call.
   */
  private disownLater(login: PendingLogin): void {
    const left = login.startedAt + LIFETIME - Date.now();
    if (left > 0) this.disown(login, left + MARGIN);
  }

  /** See {@link finishLogin}. */
  finish(handle: string): Promise<Verdict | null> {
    return finishLogin(this, handle);
  }
}
