import { randomBytes } from 'node:crypto';
import type { LaunchKeyClient } from '../client/client.js';
import { CommunicationError, EngineError, NoSuchUserError } from '../errors.js';
import type { PendingLogin, Store } from '../store/store.js';
import { copyWith } from '../util/copy-with.js';
import { withTimeout } from '../util/timers.js';
import { Turns } from '../util/turns.js';
import { settleInSteps } from './conceal.js';
import type { Connection } from './connection.js';
import type { Decoys } from './decoys.js';
import type { Diagnostics } from './diagnostics.js';
import { refusalFor } from './engine-errors.js';
import { handleOf } from './handle.js';
import {
  comparableName,
  limitsOf,
  type PendingLimitSettings,
  returnSlots,
  takeSlots,
} from './pending-limits.js';
import { type LoginStart, Push, type PushOptions } from './push.js';
import { removeLogin } from './remove.js';
import type { Withdrawals } from './withdrawals.js';

/** The browser that starts a login. */
export interface StartingBrowser {
  /** The connection of the request that starts the login. */
  connection: Connection;
  /** The id in the browser's session, if it has one. */
  id?: string | undefined;
  /** Names the browser if it has used this user name before; see {@link limitsOf}. */
  ownRoom?: string | undefined;
  /** Handles of its earlier logins that the new one takes the place of. */
  replaces?: readonly string[] | undefined;
}

type Writable<T> = { -readonly [Member in keyof T]: T[Member] };

/** A record outlives its login by this time, so that a late or repeated event finds it. */
export const RECORD_GRACE_MS = 60_000;
/** The time for which an event waits until the logins that are being started are stored. */
const SETTLE_TIMEOUT_MS = 3_000;
/** Events that wait at one time. Anyone can send an event of an unknown auth request. */
const MAX_SETTLING = 16;
/** A start that takes longer, because the engine is slow, does not hold up the next one. */
const MAX_TURN_MS = 2_000;
/** The length of a token in the alphabet of 36 letters and digits: 165 random bits. */
const TOKEN_LENGTH = 32;

/** How logins are started. */
export interface StartSettings extends PendingLimitSettings {
  /** Milliseconds until a login expires. */
  loginTimeout: number;
  /** Whether a user who cannot be asked gets a decoy, which is never answered. */
  concealUsers: boolean;
}

/** What a {@link LoginStarter} is made of. */
export interface StarterParts {
  client: LaunchKeyClient;
  store: Store;
  diagnostics: Diagnostics;
  withdrawals: Withdrawals;
  /** Makes the logins of users who cannot be asked, with `concealUsers`. */
  decoys: Decoys | undefined;
  /** Takes back a login that has no answer. */
  takeBack(handle: string, outcome: 'denied' | 'left'): Promise<void>;
}

/** Starts logins: takes the pending slots, stores the record and sends the push. */
export class LoginStarter {
  private readonly parts: StarterParts;
  private readonly settings: StartSettings;
  private readonly push: Push;
  private readonly starting = new Set<Promise<unknown>>();
  private settling = 0;
  /** The starts of one name wait for each other, so that a double click leaves one request. */
  private readonly turns = new Turns(MAX_TURN_MS);
  private readonly turnKeys = new WeakMap<PendingLogin, string>();

  constructor(parts: StarterParts, settings: StartSettings) {
    this.parts = parts;
    this.settings = settings;
    this.push = new Push(parts);
  }

  /**
   * Stores the login and sends the push, after it has taken back the logins that this one replaces.
   *
   * @returns the login, or `null` if the browser has left. Then no push is left on the phone.
   * @throws RateLimitExceededError if too many logins of the user or the browser are pending; the
   *   error of the client or the store.
   */
  async start(options: LoginStart, browser: StartingBrowser): Promise<PendingLogin | null> {
    const key = JSON.stringify([comparableName(options.username), browser.ownRoom]);
    const login = this.turns.run(key, (endTurn) => this.startInTurn(options, browser, endTurn));
    this.starting.add(login);
    try {
      const started = await (this.parts.decoys ? settleInSteps(login) : login);
      if (started) this.turnKeys.set(started, key);
      return started;
    } finally {
      this.starting.delete(login);
    }
  }

  /**
   * Ends a login that this process has started: the next start of the same name waits for it.
   */
  endInTurn(login: PendingLogin, end: () => Promise<void>): Promise<void> {
    return this.turns.run(this.turnKeys.get(login) ?? login.handle, end);
  }

  /**
   * Resolves when every login that is being started now is in the store. An engine that chooses the
   * token of an auth request may send its event before the login has it.
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

  private async startInTurn(
    options: LoginStart,
    browser: StartingBrowser,
    endTurn: () => void,
  ): Promise<PendingLogin | null> {
    const { diagnostics, takeBack } = this.parts;
    const { connection } = browser;
    if (connection.closed) return null;
    for (const handle of browser.replaces ?? []) await takeBack(handle, 'denied');
    const login = await this.startOrConceal(options, browser, endTurn);
    if (!login) return null;
    diagnostics.started({ ...login, username: options.username });
    if (!connection.closed) return login;
    await takeBack(login.handle, 'left');
    return null;
  }

  private async startOrConceal(
    options: LoginStart,
    browser: StartingBrowser,
    endTurn: () => void,
  ): Promise<PendingLogin | null> {
    const startedAt = Date.now();
    try {
      return await this.startInSlots(options, browser, endTurn, startedAt);
    } catch (error) {
      // Limits are hidden too, because they apply to users who exist.
      if (!this.parts.decoys || !refusalFor(error)) throw error;
      return this.parts.decoys.make({ ...options, startedAt });
    }
  }

  /** Takes the slots before the push is sent, so that there are never more pushes than slots. */
  private async startInSlots(
    options: LoginStart,
    { connection, id, ownRoom }: StartingBrowser,
    endTurn: () => void,
    startedAt: number,
  ): Promise<PendingLogin | null> {
    const { client, store } = this.parts;
    const { username, findUser, session, number, context, policy } = options;
    const { loginTimeout } = this.settings;
    const user = findUser ? await findUser() : { name: username };
    if (!user) throw unknownUser();
    const limited = { username: user.name, browserId: id, ownRoom };
    const limits = limitsOf(client.appKey, limited, this.settings);
    const places = await takeSlots(store, limits, loginTimeout);
    const authRequest = newToken();
    // Members are not spread, for the reason that `copyWith` gives.
    const login: Writable<PendingLogin> = {
      handle: handleOf(client.appKey, authRequest),
      authRequest,
      username,
      session,
      places,
      startedAt,
      expiresAt: startedAt + loginTimeout,
    };
    if (user.userHash !== undefined) login.userHash = user.userHash;
    if (context !== undefined) login.context = context;
    if (policy !== undefined) login.policy = policy;
    if (number !== undefined) login.number = number;
    try {
      await this.add(login);
    } catch (error) {
      await returnSlots(store, login);
      throw error;
    }
    return this.sendPush(login, copyWith(options, { name: user.name }), connection, endTurn);
  }

  private async sendPush(
    login: PendingLogin,
    options: PushOptions,
    connection: Connection,
    endTurn: () => void,
  ): Promise<PendingLogin | null> {
    const { withdrawals } = this.parts;
    try {
      const authRequest = await this.push.send(login, options, connection, endTurn);
      if (authRequest === login.authRequest) return login;
      await this.discard(login);
      return authRequest === null ? null : await this.addUnder(authRequest, login);
    } catch (error) {
      await this.discard(login);
      // The engine may have sent the push, although its answer did not arrive.
      if (isLost(error)) void withdrawals.withdraw(login);
      throw error;
    }
  }

  /** An engine that chooses the token of an auth request determines the handle of its login. */
  private async addUnder(authRequest: string, login: PendingLogin): Promise<PendingLogin> {
    const { client, withdrawals } = this.parts;
    const handle = handleOf(client.appKey, authRequest);
    const renamed: PendingLogin = copyWith(login, { handle, authRequest });
    try {
      await this.add(renamed);
      return renamed;
    } catch (error) {
      void withdrawals.withdraw(renamed);
      throw error;
    }
  }

  private add(login: PendingLogin): Promise<void> {
    return this.parts.store.add(login, this.settings.loginTimeout + RECORD_GRACE_MS);
  }

  private async discard(login: PendingLogin): Promise<void> {
    const { store } = this.parts;
    await Promise.allSettled([removeLogin(store, login.handle), returnSlots(store, login)]);
  }
}

/** A token in the engine's alphabet, for engines that let the application choose it. */
function newToken(): string {
  let token = '';
  while (token.length < TOKEN_LENGTH) {
    for (const byte of randomBytes(TOKEN_LENGTH)) {
      // 252 is the largest multiple of 36 in a byte: more would prefer some characters.
      if (byte < 252 && token.length < TOKEN_LENGTH) token += (byte % 36).toString(36);
    }
  }
  return token;
}

/** The error of a user whom the application does not know, as if the engine did not. */
function unknownUser(): NoSuchUserError {
  return new NoSuchUserError('The application knows no such user. No push was sent.');
}

/** Whether a call may have taken effect although it failed. */
function isLost(error: unknown): boolean {
  return error instanceof CommunicationError || error instanceof EngineError;
}

function notSettled(): Error {
  return new Error(
    `The event names an unknown auth request, and the logins that are being started are not stored after ${SETTLE_TIMEOUT_MS} ms, or ${MAX_SETTLING} events wait for them. The engine sends the event again.`,
  );
}
