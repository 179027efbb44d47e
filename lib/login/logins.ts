import type { LaunchKeyClient } from '../client/client.js';
import type { Store } from '../store/store.js';
import { EventInbox } from './events.js';
import { finishLogin } from './finish.js';
import { LaunchKeySessions } from './sessions.js';
import { LoginStarter } from './start.js';
import type { Verdict } from './verdict.js';
import { LoginWaits, type WaitSettings } from './wait.js';

/** Settings of {@link Logins}. */
export interface LoginSettings extends WaitSettings {
  loginTimeout: number;
  confirmCallback: boolean;
}

/** The parts of a login, put together once for a strategy. */
export class Logins {
  readonly starter: LoginStarter;
  readonly waits: LoginWaits;
  readonly sessions: LaunchKeySessions;
  readonly inbox: EventInbox;
  private readonly client: LaunchKeyClient;
  private readonly store: Store;

  constructor(client: LaunchKeyClient, store: Store, settings: LoginSettings) {
    this.client = client;
    this.store = store;
    this.starter = new LoginStarter(client, store, settings.loginTimeout);
    this.waits = new LoginWaits(client, store, settings);
    this.sessions = new LaunchKeySessions(client, store);
    this.inbox = new EventInbox(
      {
        client,
        store,
        starter: this.starter,
        waits: this.waits,
        sessions: this.sessions,
      },
      settings.confirmCallback,
    );
  }

  /** See {@link finishLogin}. */
  finish(handle: string): Promise<Verdict | null> {
    return finishLogin(this.client, this.store, handle);
  }
}
