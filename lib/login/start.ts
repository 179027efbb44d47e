import { randomBytes } from 'node:crypto';
import type { LaunchKeyClient } from '../client/client.js';
import type { Policy } from '../client/policy.js';
import type { PendingLogin, Store } from '../store/store.js';
import { inSteps } from './conceal.js';
import { handleOf } from './handle.js';
import { type Counted, countedBrowser, countedUser, leavePlaces, takePlaces } from './places.js';
import { refusalOf } from './verdict.js';

/** What one login asks of the engine. */
export interface LoginRequestOptions {
  username: string;
  session: boolean;
  userPushId: boolean;
  context?: string | undefined;
  policy?: Policy | undefined;
  /** A number of two digits to be picked on the device. */
  number?: number | undefined;
}

/**
 * How long a record outlives its login, in milliseconds: an event that comes late or twice must
 * still be recognised as ours.
 */
const AFTERLIFE = 60_000;

/** How long an event waits for the logins that are being started, in milliseconds. */
const PATIENCE = 3_000;

/** How logins are started. */
export interface StartSettings {
  loginTimeout: number;
  concealUsers: boolean;
  maxPendingPerUser: number;
  maxPendingPerBrowser: number;
}

/**
 * Starts logins: a place among those that may wait, one `authorize`, one record in the store.
 */
export class LoginStarter {
  private readonly client: LaunchKeyClient;
  private readonly store: Store;
  private readonly settings: StartSettings;
  private readonly underWay = new Set<Promise<unknown>>();

  constructor(client: LaunchKeyClient, store: Store, settings: StartSettings) {
    this.client = client;
    this.store = store;
    this.settings = settings;
  }

  /**
   * Sends the push and keeps the login.
   *
   * @param browser - the name of the browser, where it has one.
   * @throws RateLimitExceededError if too many logins of the user or the browser wait; what the
   *   client or the store throws.
   */
  async start(options: LoginRequestOptions, browser?: string): Promise<PendingLogin> {
    const starting = this.startInPlace(options, browser);
    this.underWay.add(starting);
    try {
      return await (this.settings.concealUsers ? inSteps(starting) : starting);
    } finally {
      this.underWay.delete(starting);
    }
  }

  /**
   * Resolves once every login that is being started now is in the store: a quick user's event may
   * overtake the answer to `authorize`.
   *
   * @throws if that takes too long: nobody knows then whose event it is.
   */
  async settled(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const refuse = () => reject(new Error('The logins being started took too long to settle.'));
      timer = setTimeout(refuse, PATIENCE).unref();
    });
    try {
      await Promise.race([Promise.allSettled(this.underWay), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The place is taken before the push is sent, so that there are never more pushes than places. */
  private async startInPlace(
    options: LoginRequestOptions,
    browser: string | undefined,
  ): Promise<PendingLogin> {
    const { loginTimeout } = this.settings;
    const startedAt = Date.now();
    const counted = this.counted(options.username, browser);
    const places = await takePlaces(this.store, counted, loginTimeout);
    const authRequest = await this.ask(options).catch(async (error) => {
      await leavePlaces(this.store, { places });
      throw error;
    });
    const token = authRequest ?? decoyToken();
    const login: PendingLogin = {
      handle: handleOf(this.client.appKey, token),
      authRequest: token,
      ...(authRequest === null && { decoy: true }),
      username: options.username,
      session: options.session,
      ...(options.number !== undefined && { number: options.number }),
      places,
      startedAt,
      expiresAt: startedAt + loginTimeout,
    };
    await this.store.add(login, loginTimeout + AFTERLIFE);
    return login;
  }

  private counted(username: string, browser: string | undefined): Counted[] {
    const { maxPendingPerUser, maxPendingPerBrowser } = this.settings;
    const { appKey } = this.client;
    const user = countedUser(appKey, username, maxPendingPerUser);
    if (browser === undefined) return [user];
    return [countedBrowser(appKey, browser, maxPendingPerBrowser), user];
  }

  /**
   * The token, or `null` where the user cannot be asked and that is to be concealed. The engine's
   * own limit on requests is concealed as well: it exists for users who exist.
   */
  private async ask({ username, number, ...rest }: LoginRequestOptions): Promise<string | null> {
    try {
      return await this.client.authorize(username, { ...rest, numberMatch: number });
    } catch (error) {
      if (this.settings.concealUsers && refusalOf(error)) return null;
      throw error;
    }
  }
}

/** A token in the engine's alphabet that no engine has given out. */
function decoyToken(): string {
  return Array.from(randomBytes(32), (byte) => (byte % 36).toString(36)).join('');
}
