import { randomBytes } from 'node:crypto';
import type { RequestingBrowser } from '../client/browser.js';
import type { LaunchKeyClient } from '../client/client.js';
import type { Policy } from '../client/policy.js';
import { NoSuchUserError } from '../errors.js';
import type { PendingLogin, Store } from '../store/store.js';
import { copyWith } from '../util/copy-with.js';
import { withTimeout } from '../util/timers.js';
import { settleInSteps } from './conceal.js';
import { refusalFor } from './engine-errors.js';
import { handleOf } from './handle.js';
import { limitsOf, type PendingLimitSettings, returnSlots, takeSlots } from './pending-limits.js';

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
  /** A number of two digits that the user must pick on the device. */
  number?: number | undefined;
  /** The browser that the device shows. */
  browser?: RequestingBrowser | undefined;
}

type Writable<T> = { -readonly [Member in keyof T]: T[Member] };

/** A record outlives its login by this time, so that a late or repeated event finds it. */
const RECORD_GRACE_MS = 60_000;
/** The time for which an event waits until the logins that are being started are stored. */
const SETTLE_TIMEOUT_MS = 3_000;
/** Events that wait at one time. Anyone can send an event of an unknown auth request. */
const MAX_SETTLING = 16;

/** How logins are started. */
export interface StartSettings extends PendingLimitSettings {
  /** Milliseconds until a login expires. */
  loginTimeout: number;
  /** Whether a user who cannot be asked gets a decoy, which is never answered. */
  concealUsers: boolean;
}

/** Starts logins: takes the pending slots, sends the push and stores the record. */
export class LoginStarter {
  private readonly client: LaunchKeyClient;
  private readonly store: Store;
  private readonly settings: StartSettings;
  private readonly starting = new Set<Promise<unknown>>();
  private settling = 0;

  constructor(client: LaunchKeyClient, store: Store, settings: StartSettings) {
    this.client = client;
    this.store = store;
    this.settings = settings;
  }

  /**
   * Sends the push and stores the login.
   *
   * @param browserId - the id in the browser's session, if it has one.
   * @throws RateLimitExceededError if too many logins of the user or the browser are pending; the
   *   error of the client or the store.
   */
  async start(options: LoginStart, browserId?: string): Promise<PendingLogin> {
    const login = this.startInSlots(options, browserId);
    this.starting.add(login);
    try {
      return await (this.settings.concealUsers ? settleInSteps(login) : login);
    } finally {
      this.starting.delete(login);
    }
  }

  /**
   * Resolves when every login that is being started now is in the store. The event of a quick user
   * may overtake the response to `authorize`.
   *
   * @throws if this takes too long or too many events wait: the event may then belong to one of these
   *   logins or to none.
   */
  async settled(): Promise<void> {
    if (this.starting.size === 0) return;
    if (this.settling >= MAX_SETTLING) throw notSettled();
    this.settling += 1;
    try {
      await withTimeout(Promise.allSettled(this.starting), SETTLE_TIMEOUT_MS, () => {
        throw notSettled();
      });
    } finally {
      this.settling -= 1;
    }
  }

  /** Takes the slots before the push is sent, so that there are never more pushes than slots. */
  private async startInSlots(
    { username, findUser, session, number, ...options }: LoginStart,
    browserId: string | undefined,
  ): Promise<PendingLogin> {
    const { client, store, settings } = this;
    const startedAt = Date.now();
    const user = findUser ? await findUser() : { name: username };
    const name = user?.name ?? username;
    const limits = limitsOf(client.appKey, { username: name, browserId }, settings);
    const places = await takeSlots(store, limits, settings.loginTimeout);
    const authRequest = await (user
      ? client.authorize(name, copyWith(options, { session, numberMatch: number }))
      : Promise.reject(unknownUser())
    ).catch(async (error) => {
      // The engine's own rate limit is hidden too, because it applies to users who exist.
      if (settings.concealUsers && refusalFor(error)) return null;
      await returnSlots(store, { places });
      throw error;
    });
    const token = authRequest ?? decoyToken();
    // Members are not spread, for the reason that `copyWith` gives.
    const login: Writable<PendingLogin> = {
      handle: handleOf(client.appKey, token),
      authRequest: token,
      username,
      session,
      places,
      startedAt,
      expiresAt: startedAt + settings.loginTimeout,
    };
    if (authRequest === null) login.decoy = true;
    if (user?.userHash !== undefined) login.userHash = user.userHash;
    if (number !== undefined) login.number = number;
    await store.add(login, settings.loginTimeout + RECORD_GRACE_MS);
    return login;
  }
}

/** The error of a user whom the application does not know, as if the engine did not. */
function unknownUser(): NoSuchUserError {
  return new NoSuchUserError('The application knows no such user. No push was sent.');
}

/** A token in the engine's alphabet that no engine issued. */
function decoyToken(): string {
  return Array.from(randomBytes(32), (byte) => (byte % 36).toString(36)).join('');
}

function notSettled(): Error {
  return new Error(
    `The event names an unknown auth request, and the logins that are being started are not stored after ${SETTLE_TIMEOUT_MS} ms, or ${MAX_SETTLING} events wait for them. The engine sends the event again.`,
  );
}
