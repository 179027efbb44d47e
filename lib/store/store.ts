import { LaunchKeyError } from '../errors.js';

/**
 * One of the places that a user name, or a browser, has for logins that wait for an answer.
 */
export interface Place {
  /** What the places are counted for, as a hash: 43 characters of the URL's base64. */
  readonly of: string;
  /** What tells this place from the others: unguessable, and never used twice. */
  readonly id: string;
}

/**
 * A login that has been started and whose user has not answered yet.
 */
export interface PendingLogin {
  /**
   * The handle: an opaque, unguessable name of this login. It may be shown to the browser;
   * the engine's own token, `authRequest`, may not.
   */
  readonly handle: string;
  /** The engine's token for the auth request. It is a secret of the application. */
  readonly authRequest: string;
  /** The name that the user typed. */
  readonly username: string;
  /** `true` if an approval opens a LaunchKey session, `false` for a transaction. */
  readonly session: boolean;
  /** The number that must be picked on the device, where there is one. */
  readonly number?: number | undefined;
  /**
   * `true` for a login that nobody can answer, kept so that an unknown user looks like one who does
   * not answer.
   */
  readonly decoy?: boolean | undefined;
  /** The places that the login takes until it is answered. */
  readonly places?: readonly Place[] | undefined;
  /** When the login was started, in milliseconds since the epoch by this machine's clock. */
  readonly startedAt: number;
  /** When the login stops being worth waiting for, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * What the user answered, as read from an auth package that the engine itself confirmed.
 */
export interface Answer {
  readonly authorized: boolean;
  readonly userHash: string;
  readonly organizationUser?: string | undefined;
  readonly userPushId?: string | undefined;
  readonly deviceId?: string | undefined;
  /** Why a device denied (`'disapproved'`, `'fraudulent'`, …), where it says so. */
  readonly reason?: string | undefined;
  /** SHA-256 of the encrypted package, so that the same event sent again is recognised. */
  readonly digest: string;
}

/**
 * A login as a {@link Store} keeps it. It goes from `pending` to `answered` to `finished`, each
 * step once; only {@link Store.release} leads back.
 */
export interface LoginRecord extends PendingLogin {
  readonly state: 'pending' | 'answered' | 'finished';
  /** There in every state but `pending`. */
  readonly answer?: Answer | undefined;
}

/**
 * An approved login of type session that has not been ended.
 */
export interface LaunchKeySession {
  /** The handle of the login that opened it. */
  readonly handle: string;
  readonly authRequest: string;
  readonly userHash: string;
  /** The whole second in which it began, in milliseconds since the epoch by the engine's clock. */
  readonly startedAt: number;
}

/**
 * Where logins and LaunchKey sessions are kept.
 *
 * Several processes that serve one application must share one store. `storeContract`, from
 * `passport-launchkey/store-contract`, checks all of the following. Every method is a single
 * atomic step for all of them, records that were handed out do not change afterwards, and
 * nothing is kept for longer than its `ttl`. A method rejects when the storage is out of reach.
 */
export interface Store {
  /**
   * Keeps a new login for `ttl` milliseconds.
   *
   * @throws StoreFullError if the store is bounded and has no room.
   * @throws an error, and changes nothing, if a login of that handle is kept already: to begin it
   *   anew would make an approval that was used count once more.
   */
  add(login: PendingLogin, ttl: number): Promise<void>;

  /**
   * Takes a place, unless `limit` places of the same `of` are taken already. It falls free by itself
   * after `ttl` milliseconds.
   *
   * @returns `null` if it was taken; otherwise in how many milliseconds the first of those that are
   *   taken falls free, more than 0.
   * @throws StoreFullError if the store is bounded and has no room.
   */
  takePlace(place: Place, limit: number, ttl: number): Promise<number | null>;

  /** Gives a place back. Changes nothing if it is free. */
  leavePlace(place: Place): Promise<void>;

  /** The login of that handle, or `null` where none is kept. */
  get(handle: string): Promise<LoginRecord | null>;

  /**
   * Takes a login from `pending` to `answered`. Of several answers the first wins.
   *
   * @returns `true` for the call that did it, `false` for every other one.
   */
  answer(handle: string, answer: Answer): Promise<boolean>;

  /**
   * Waits until the login is not `pending` any more; an answer given just before or during the
   * call is never missed.
   *
   * @returns the record, or `null` where none is kept.
   * @throws the reason of `signal` once that is aborted.
   */
  waitForAnswer(handle: string, signal: AbortSignal): Promise<LoginRecord | null>;

  /**
   * Takes a login from `answered` to `finished`. This is the step that makes an approval count
   * once.
   *
   * @returns the record for the call that did it, `null` for every other one.
   */
  consume(handle: string): Promise<LoginRecord | null>;

  /**
   * Takes a login from `finished` back to `answered`, for a finish that could not be completed
   * and in which nobody was logged in.
   */
  release(handle: string): Promise<void>;

  /** Keeps a LaunchKey session for `ttl` milliseconds. */
  openSession(session: LaunchKeySession, ttl: number): Promise<void>;

  /** The LaunchKey session of that handle, or `null` where none is open. */
  getSession(handle: string): Promise<LaunchKeySession | null>;

  /**
   * Ends the LaunchKey sessions of a user that began at or before a time (milliseconds since the
   * epoch, engine clock). From then on {@link getSession} does not find them.
   *
   * @returns these sessions, and those that were ended before but not yet removed by
   *   {@link removeSession}, so that a step lost in a crash is taken again.
   */
  endSessions(userHash: string, until: number): Promise<LaunchKeySession[]>;

  /** Forgets a LaunchKey session, open or ended. */
  removeSession(handle: string): Promise<void>;
}

/**
 * Thrown by {@link Store.add} and {@link Store.takePlace} where a bounded store has no room for
 * another login. The strategy answers it with 429.
 */
export class StoreFullError extends LaunchKeyError {
  constructor(limit: number) {
    super(
      `The store holds ${limit} logins, which is its limit; a new one was refused. Raise the limit, or find out who starts so many logins.`,
      { code: 'LAUNCHKEY_STORE_FULL', retryable: true },
    );
  }

  static {
    StoreFullError.prototype.name = 'StoreFullError';
  }
}

/**
 * What {@link Store.add} throws for a login that is kept already.
 *
 * @internal
 */
export function keptAlready(): Error {
  return new Error('The engine named an auth request that another login waits for already.');
}

/**
 * Thrown by a store whose storage is out of reach. The same call may well succeed a little later;
 * whether the one that failed took effect is not known.
 */
export class StoreUnavailableError extends LaunchKeyError {
  /** @param cause - what lies beneath, clean of anything secret. */
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
