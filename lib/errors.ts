/** What an error may carry besides its message. */
export interface LaunchKeyErrorDetails {
  /** A stable code that replaces the class's own. */
  code?: string;
  /** The engine's number for what went wrong, such as `40424`. */
  messageCode?: number;
  /** The HTTP status of the engine's answer. */
  status?: number;
  /** Whether the same call may well succeed a little later. */
  retryable?: boolean;
  /** How long the engine asked to wait before the next call, in seconds. */
  retryAfter?: number;
  /** The engine's own words, already cleaned of anything secret. */
  engineMessage?: string;
  /** What lies beneath: never an object that holds a request. */
  cause?: Error;
}

/**
 * The base of every error that this package throws on purpose.
 *
 * Compare `code` rather than the class where two copies of the package may be installed. An aborted
 * call is no `LaunchKeyError`: it rejects with its signal's `reason`, as `fetch` does.
 */
export class LaunchKeyError extends Error {
  /** A stable string, such as `'LAUNCHKEY_NO_SUCH_USER'`. */
  readonly code: string;
  /** The engine's number for what went wrong, where the engine gave one. */
  declare readonly messageCode?: number;
  /**
   * The HTTP status of the engine's answer, where there was one. In an error that the strategy hands
   * to Passport it is the status for the browser: 503 where the error is `retryable`, otherwise 500.
   */
  declare readonly status?: number;
  /** Whether the same call may well succeed a little later. */
  readonly retryable: boolean;
  /** How long the engine asked to wait before the next call, in seconds. */
  declare readonly retryAfter?: number;
  /** The engine's own words, shortened and cleaned; absent where it had none that are fit to print. */
  declare readonly engineMessage?: string;

  constructor(message: string, details: LaunchKeyErrorDetails = {}) {
    const { code = 'LAUNCHKEY_ERROR', retryable = false, cause, ...rest } = details;
    super(message, cause && { cause });
    this.code = code;
    this.retryable = retryable;
    for (const [name, value] of Object.entries(rest)) {
      if (value !== undefined) Object.defineProperty(this, name, { value, enumerable: true });
    }
  }

  static {
    LaunchKeyError.prototype.name = 'LaunchKeyError';
  }

  /** The error as a log would want it: no stack and no cause. */
  toJSON(): Record<string, unknown> {
    const { name, message } = this;
    return Object.fromEntries([['name', name], ['message', message], ...Object.entries(this)]);
  }
}

/**
 * The same error with another `status`. A new one, since several who wait may have been given the
 * old one.
 *
 * @internal
 */
export function withStatus(error: LaunchKeyError, status: number): LaunchKeyError {
  const copy = Object.setPrototypeOf(new Error(error.message), Object.getPrototypeOf(error));
  return Object.defineProperties(copy, {
    ...Object.getOwnPropertyDescriptors(error),
    stack: { value: error.stack, configurable: true, writable: true },
    status: { value: status, enumerable: true },
  });
}

/**
 * An option is missing or unusable: correct the one that `option` names. Thrown by constructors, by
 * `policy()`, and by handlers when they are made; later only for the options of one call of
 * `passport.authenticate()`, for what a function among the options returned, and where a request has
 * no session that needs one.
 */
export class ConfigurationError extends LaunchKeyError {
  /** The name of the option that must be corrected. */
  readonly option: string;

  constructor(option: string, reason: string, details: LaunchKeyErrorDetails = {}) {
    super(`${option} ${reason}`, { code: 'LAUNCHKEY_CONFIGURATION', ...details });
    this.option = option;
  }

  static {
    ConfigurationError.prototype.name = 'ConfigurationError';
  }
}

/**
 * The call carried something that the engine cannot accept, or that this client knows it would not:
 * a user name with forbidden characters, a context of more than 400 characters. Correct the argument.
 */
export class InvalidRequestError extends LaunchKeyError {
  constructor(message: string, details: LaunchKeyErrorDetails = {}) {
    super(message, { code: 'LAUNCHKEY_INVALID_REQUEST', ...details });
  }

  static {
    InvalidRequestError.prototype.name = 'InvalidRequestError';
  }
}

/**
 * The engine does not know the application key and secret key together, or the application is
 * disabled. Compare both with what the engine's operator handed out.
 */
export class InvalidCredentialsError extends LaunchKeyError {
  constructor(message: string, details: LaunchKeyErrorDetails = {}) {
    super(message, { code: 'LAUNCHKEY_INVALID_CREDENTIALS', ...details });
  }

  static {
    InvalidCredentialsError.prototype.name = 'InvalidCredentialsError';
  }
}

/**
 * The engine could not verify the signature: the private key is not the one whose public key it
 * holds for this application. Give the client the application's own key.
 */
export class InvalidSignatureError extends LaunchKeyError {
  constructor(message: string, details: LaunchKeyErrorDetails = {}) {
    super(message, { code: 'LAUNCHKEY_INVALID_SIGNATURE', ...details });
  }

  static {
    InvalidSignatureError.prototype.name = 'InvalidSignatureError';
  }
}

/**
 * The engine has no user of that name. Answer the browser as for a denial, so that nobody can find
 * out who has an account.
 */
export class NoSuchUserError extends LaunchKeyError {
  constructor(message: string, details: LaunchKeyErrorDetails = {}) {
    super(message, { code: 'LAUNCHKEY_NO_SUCH_USER', ...details });
  }

  static {
    NoSuchUserError.prototype.name = 'NoSuchUserError';
  }
}

/**
 * The user exists and has no paired device that could be asked. Answer the browser as for a denial;
 * the user has to pair a device.
 */
export class NoPairedDevicesError extends LaunchKeyError {
  constructor(message: string, details: LaunchKeyErrorDetails = {}) {
    super(message, { code: 'LAUNCHKEY_NO_PAIRED_DEVICES', ...details });
  }

  static {
    NoPairedDevicesError.prototype.name = 'NoPairedDevicesError';
  }
}

/**
 * Too many auth requests for this user in a short time. Try again after `retryAfter` seconds, or
 * after a minute where the engine named no time.
 */
export class RateLimitExceededError extends LaunchKeyError {
  constructor(message: string, details: LaunchKeyErrorDetails = {}) {
    super(message, { code: 'LAUNCHKEY_RATE_LIMIT_EXCEEDED', retryable: true, ...details });
  }

  static {
    RateLimitExceededError.prototype.name = 'RateLimitExceededError';
  }
}

/** The code of the one {@link ExpiredAuthRequestError} that is about a time stamp. */
export const STALE_STAMP = 'LAUNCHKEY_STALE_STAMP';

/**
 * The auth request is over: nobody answered in five minutes, or its LaunchKey session has ended.
 * Start a new one.
 *
 * With the code `'LAUNCHKEY_STALE_STAMP'` it means something else: the engine went on calling the
 * time stamp of the call stale after its clock had been asked for anew. The engine's ping and its
 * checks then disagree about the time; its operator has to look at that.
 */
export class ExpiredAuthRequestError extends LaunchKeyError {
  constructor(message: string, details: LaunchKeyErrorDetails = {}) {
    super(message, { code: 'LAUNCHKEY_EXPIRED_AUTH_REQUEST', ...details });
  }

  static {
    ExpiredAuthRequestError.prototype.name = 'ExpiredAuthRequestError';
  }
}

/** The engine knows no such auth request of this application. Start a new one. */
export class UnknownAuthRequestError extends LaunchKeyError {
  constructor(message: string, details: LaunchKeyErrorDetails = {}) {
    super(message, { code: 'LAUNCHKEY_UNKNOWN_AUTH_REQUEST', ...details });
  }

  static {
    UnknownAuthRequestError.prototype.name = 'UnknownAuthRequestError';
  }
}

/**
 * The engine answered with an error of its own: a 5xx status (then `retryable` is true), or a code
 * that has no class here, to be found in `messageCode`.
 */
export class EngineError extends LaunchKeyError {
  constructor(message: string, details: LaunchKeyErrorDetails = {}) {
    super(message, { code: 'LAUNCHKEY_ENGINE', ...details });
  }

  static {
    EngineError.prototype.name = 'EngineError';
  }
}

/**
 * The engine could not be reached or did not answer in time; `cause.code` says why, for example
 * `'ECONNREFUSED'` or `'ETIMEDOUT'`. Try again later. An `authorize` that ends so may have reached
 * the engine all the same.
 */
export class CommunicationError extends LaunchKeyError {
  constructor(message: string, details: LaunchKeyErrorDetails = {}) {
    super(message, { code: 'LAUNCHKEY_COMMUNICATION', retryable: true, ...details });
  }

  static {
    CommunicationError.prototype.name = 'CommunicationError';
  }
}

/**
 * What came back is nothing that an engine says: no JSON, too large, a redirect, a member missing,
 * or an auth package that does not decrypt. Check `apiBaseUrl`, and that the private key belongs to
 * the application.
 */
export class InvalidResponseError extends LaunchKeyError {
  constructor(message: string, details: LaunchKeyErrorDetails = {}) {
    super(message, { code: 'LAUNCHKEY_INVALID_RESPONSE', ...details });
  }

  static {
    InvalidResponseError.prototype.name = 'InvalidResponseError';
  }
}

/**
 * A server-side event is forged, stale or malformed. Answer it with 400 and do nothing else; do not
 * tell the sender which of these it was.
 */
export class InvalidCallbackError extends LaunchKeyError {
  constructor(message: string, details: LaunchKeyErrorDetails = {}) {
    super(message, { code: 'LAUNCHKEY_INVALID_CALLBACK', ...details });
  }

  static {
    InvalidCallbackError.prototype.name = 'InvalidCallbackError';
  }
}
