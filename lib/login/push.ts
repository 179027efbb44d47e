import type { RequestingBrowser } from '../client/browser.js';
import type { LaunchKeyClient } from '../client/client.js';
import type { Policy } from '../client/policy.js';
import { RateLimitExceededError } from '../errors.js';
import type { PendingLogin, Store } from '../store/store.js';
import { sleep, withTimeout } from '../util/timers.js';
import type { Connection } from './connection.js';
import type { Decoys } from './decoys.js';
import type { Withdrawals } from './withdrawals.js';

/** The user whom the engine asks. */
export interface AskedUser {
  /** The engine's name of the user. */
  name: string;
  /** The only user hash whose approval counts. Default: any. */
  userHash?: string | undefined;
}

/** The auth request that a login sends. */
export interface LoginStart {
  /** The name that the user typed. */
  username: string;
  /** Finds the user to ask, or `null` if there is none. Default: the typed name. */
  findUser?: (() => Promise<AskedUser | null>) | undefined;
  session: boolean;
  userPushId: boolean;
  context?: string | undefined;
  policy?: Policy | undefined;
  /** The number that the user must type or pick on the device. */
  number?: number | undefined;
  /** The browser that the device shows. */
  browser?: RequestingBrowser | undefined;
}

/** A {@link LoginStart} whose user was found. */
export type PushOptions = LoginStart & Pick<AskedUser, 'name'>;

/** The engine sends one push to a user in five seconds. A browser waits for that window. */
const WINDOW_SECONDS = 5;
/** The other request of a double click may be withdrawn by then, which opens the window. */
const FIRST_PAUSE_MS = 300;
/** No start waits longer than this for the engine's window. */
const MAX_WAIT_MS = 6_000;

interface PushParts {
  client: LaunchKeyClient;
  store: Store;
  withdrawals: Withdrawals;
  decoys: Decoys | undefined;
}

/** Sends the pushes of logins that are in the store. */
export class Push {
  private readonly parts: PushParts;

  constructor(parts: PushParts) {
    this.parts = parts;
  }

  /**
   * Sends a push, and waits for the engine's window of five seconds where that is in the way.
   *
   * @param onWait - called before a wait begins.
   * @returns the token of the auth request, which the engine may have chosen; `null` if the browser
   *   left during a wait.
   * @throws the error of the client.
   */
  async send(
    login: PendingLogin,
    options: PushOptions,
    connection: Connection,
    onWait: () => void,
  ): Promise<string | null> {
    const waitUntil = Date.now() + MAX_WAIT_MS;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.authorize(login, options);
      } catch (error) {
        const pauseMs = windowPauseMs(error, attempt);
        if (pauseMs === null || Date.now() + pauseMs > waitUntil) throw error;
        onWait();
        if (this.parts.decoys) return this.sendLater(login, options, error);
        await withTimeout(connection.whenClosed, pauseMs, () => {});
        if (connection.closed) return null;
      }
    }
  }

  /**
   * Lets the browser go on, and sends the push in the background: the wait would tell a user who
   * exists from one who does not.
   */
  private async sendLater(
    login: PendingLogin,
    options: PushOptions,
    refusal: unknown,
  ): Promise<string> {
    if (!(await this.parts.client.canWithdraw())) throw refusal;
    this.sendInBackground(login, options).catch(() => {});
    return login.authRequest;
  }

  private async sendInBackground(login: PendingLogin, options: PushOptions): Promise<void> {
    const { store, withdrawals } = this.parts;
    const waitUntil = Date.now() + MAX_WAIT_MS;
    const isWanted = async () => (await store.get(login.handle))?.state === 'pending';
    for (let pauseMs: number | null = FIRST_PAUSE_MS, attempt = 1; pauseMs !== null; attempt++) {
      await sleep(pauseMs);
      if (Date.now() > waitUntil || !(await isWanted())) return;
      try {
        await this.authorize(login, options);
        if (!(await isWanted())) await withdrawals.withdraw(login);
        return;
      } catch (error) {
        pauseMs = windowPauseMs(error, attempt);
      }
    }
  }

  private authorize(
    { authRequest }: PendingLogin,
    { name, username: _, number, ...options }: PushOptions,
  ): Promise<string> {
    return this.parts.client.authorize(name, { ...options, numberMatch: number, authRequest });
  }
}

/** Returns the pause before the next attempt, or `null` if the engine's window is not in the way. */
function windowPauseMs(error: unknown, attempt: number): number | null {
  if (!(error instanceof RateLimitExceededError)) return null;
  const { retryAfter } = error;
  if (retryAfter === undefined || retryAfter > WINDOW_SECONDS) return null;
  return attempt === 0 ? FIRST_PAUSE_MS : retryAfter * 1000;
}
