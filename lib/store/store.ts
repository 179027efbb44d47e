import { LaunchKeyError } from '../errors.js';

/**
 * A pending slot: one of the logins of a user name, or of a browser, that may wait for an answer.
 */
export interface Place {
  /** The user name or browser that the slot belongs to, as a hash of 43 base64url characters. */
  readonly of: string;
  /** The unique and unguessable name of this slot. */
  readonly id: string;
}

/**
 * A login that was started and has no answer yet. Its push is sent after the store has it, so that
 * no phone asks for a login that is not kept.
 */
export interface PendingLogin {
  /**
   * The opaque, unguessable name of this login. Browsers may see it, in contrast to `authRequest`.
   */
  readonly handle: string;
  /** The engine's token of the auth request. It is a secret of the application. */
  readonly authRequest: string;
  /** The name that the user typed. It is not verified. */
  readonly username: string;
  /** The only user hash whose approval counts. If it is left out, any counts. */
  readonly userHash?: string | undefined;
  /** `true` if an approval opens a LaunchKey session, `false` for a transaction. */
  readonly session: boolean;
  /** The text that the device shows with the request. */
  readonly context?: string | undefined;
  /** What the device requires of the user. */
  readonly policy?: object | undefined;
  /** The number that the user must type or pick on the device, with number matching. */
  readonly number?: number | undefined;
  /**
   * `true` for a login that cannot be answered. With `concealUsers`, it makes an unknown user look
   * like one who does not answer. The strategy keeps no such login in a store.
   */
  readonly decoy?: boolean | undefined;
  /** The pending slots that the login takes until it is answered. */
  readonly places?: readonly Place[] | undefined;
  /** When the login was started, in milliseconds since the epoch, by this machine's clock. */
  readonly startedAt: number;
  /** When the login expires, in milliseconds since the epoch, by this machine's clock. */
  readonly expiresAt: number;
}

/** The answer to a login, as read from an auth package that the engine confirmed. */
export interface Answer {
  /** Whether the user approved. */
  readonly authorized: boolean;
  /** The engine's stable name of the user for this application. */
  readonly userHash: string;
  /** The user's name for all applications of one organization, if there is one. */
  readonly organizationUser?: string | undefined;
  /** A name to which later requests can be sent, if it was asked for. */
  readonly userPushId?: string | undefined;
  /** The device that answered. */
  readonly deviceId?: string | undefined;
  /** The device's reason for a denial (`'disapproved'`, `'fraudulent'`, …), if it gave one. */
  readonly reason?: string | undefined;
  /** SHA-256 of the encrypted package. A repeated event is recognised by it. */
  readonly digest: string;
}

/**
 * A login as a {@link Store} keeps it. It goes from `pending` to `answered` to `finished`, each
 * step once; only {@link Store.release} leads back.
 */
export interface LoginRecord extends PendingLogin {
  /** How far the login is. */
  readonly state: 'pending' | 'answered' | 'finished';
  /** Present in every state but `pending`. */
  readonly answer?: Answer | undefined;
}

/** An approved login of type session that was not ended. */
export interface LaunchKeySession {
  /** The handle of the login that opened it. */
  readonly handle: string;
  /** The engine's token of the auth request. It is a secret of the application. */
  readonly authRequest: string;
  /** The user whose session it is. */
  readonly userHash: string;
  /** The whole second in which it began, in milliseconds since the epoch, by the engine's clock. */
  readonly startedAt: number;
}

/**
 * Keeps logins and LaunchKey sessions. Implement it to keep them in a storage of your own.
 *
 * All processes that serve one application must share one storage. Every method is one atomic step
 * for all of them. Returned records do not change afterwards. Nothing is kept for longer than its
 * `ttl`. A method rejects when the storage is out of reach, preferably with a
 * {@link StoreUnavailableError}. `storeContract`, from `passport-launchkey/store-contract`, checks
 * all of this.
 */
export interface Store {
  /**
   * Keeps a new login for `ttl` milliseconds.
   *
   * @throws StoreFullError if the store is bounded and full.
   * @throws an error, and changes nothing, if the store has a login with this handle. Otherwise an
   *   approval that was used would count a second time.
   */
  add(login: PendingLogin, ttl: number): Promise<void>;

  /**
   * Takes a pending slot, unless `limit` slots of the same `of` are taken. The slot becomes free by
   * itself after `ttl` milliseconds.
   *
   * @returns `null` if the slot was taken. Otherwise the milliseconds until the first of the taken
   *   slots becomes free, more than 0.
   * @throws StoreFullError if the store is bounded and full.
   */
  takePlace(place: Place, limit: number, ttl: number): Promise<number | null>;

  /** Makes a pending slot free. Does nothing if it is free already. */
  leavePlace(place: Place): Promise<void>;

  /**
   * Removes a login, whatever its state. The method is optional: the strategy finishes a login that
   * it cannot remove, and such a login is kept for its `ttl`. With `concealUsers`, a store without
   * this method keeps a login for each unknown name that strangers type.
   */
  remove?(handle: string): Promise<void>;

  /** Returns the login with this handle, or `null` if there is none. */
  get(handle: string): Promise<LoginRecord | null>;

  /**
   * Moves a login from `pending` to `answered`. Of several answers, the first wins.
   *
   * @returns `true` to the call that moved it, `false` to every other call.
   */
  answer(handle: string, answer: Answer): Promise<boolean>;

  /**
   * Waits until a login is no longer `pending`. An answer just before or during the call is never
   * missed.
   *
   * @returns the record, or `null` if there is none.
   * @throws the reason of `signal` when it is aborted.
   */
  waitForAnswer(handle: string, signal: AbortSignal): Promise<LoginRecord | null>;

  /**
   * Moves a login from `answered` to `finished`. Because of this step, an approval counts once.
   *
   * @returns the record to the call that moved it, `null` to every other call.
   */
  consume(handle: string): Promise<LoginRecord | null>;

  /**
   * Moves a login from `finished` back to `answered`, after a finish that failed and logged no one
   * in.
   */
  release(handle: string): Promise<void>;

  /** Keeps a LaunchKey session for `ttl` milliseconds. */
  openSession(session: LaunchKeySession, ttl: number): Promise<void>;

  /** Returns the open LaunchKey session with this handle, or `null` if there is none. */
  getSession(handle: string): Promise<LaunchKeySession | null>;

  /**
   * Ends the LaunchKey sessions of a user that began at or before a time (milliseconds since the
   * epoch, by the engine's clock). {@link getSession} no longer finds them.
   *
   * @returns these sessions, and those that ended before and were not removed by
   *   {@link removeSession}, so that a step that was lost in a crash is repeated.
   */
  endSessions(userHash: string, until: number): Promise<LaunchKeySession[]>;

  /** Removes a LaunchKey session, whether it is open or ended. */
  removeSession(handle: string): Promise<void>;
}

/**
 * Thrown by {@link Store.add} and {@link Store.takePlace} if a bounded store is full. The strategy
 * responds with 429.
 */
export class StoreFullError extends LaunchKeyError {
  /** @param limit - the number of logins that the store can hold. */
  constructor(limit: number) {
    super(
      `The store holds ${limit} logins, which is its maximum, so the new login was refused. Raise the maximum, or find the client that starts so many logins.`,
      { code: 'LAUNCHKEY_STORE_FULL', retryable: true },
    );
  }

  static {
    StoreFullError.prototype.name = 'StoreFullError';
  }
}

/**
 * The error of {@link Store.add} for a login that the store has already.
 *
 * @internal
 */
export function duplicateLogin(): Error {
  return new Error(
    'The engine returned the token of an auth request that belongs to another login. The new login was not started.',
  );
}

/**
 * Thrown by a store whose storage is out of reach. The failed call may have taken effect. The same
 * call may succeed a little later.
 */
export class StoreUnavailableError extends LaunchKeyError {
  /** @param cause - the underlying error, without secrets. */
  constructor(message: string, cause?: Error) {
    super(message, {
      code: 'LAUNCHKEY_STORE_UNAVAILABLE',
      retryable: true,
      ...(cause && { cause }),
    });
  }

  static {
    StoreUnavailableError.prototype.name = 'StoreUnavailableError';
  }
}
