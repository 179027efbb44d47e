/** What an error carries besides its message. */
export interface LaunchKeyErrorDetails {
  /** A stable code in place of the class's own. */
  code?: string;
  /** The engine's message code, such as `40424`. */
  messageCode?: number;
  /** The HTTP status of the engine's answer. */
  status?: number;
  /** Whether the same call may succeed later. */
  retryable?: boolean;
  /** The pause that the engine asks for before the next call, in seconds. */
  retryAfter?: number;
  /** The engine's message, without anything secret. */
  engineMessage?: string;
  /** The underlying error. It must not hold a request. */
  cause?: Error;
}

/**
 * The base class of the errors of this package.
 *
 * Compare `code` rather than the class where two copies of the package may be installed. An aborted
 * call rejects with its signal's `reason` instead, as `fetch` does.
 *
 * @example
 * ```ts
 * import { type LaunchKeyClient, LaunchKeyError } from 'passport-launchkey';
 *
 * export async function authorize(client: LaunchKeyClient, username: string) {
 *   try {
 *     return await client.authorize(username);
 *   } catch (error) {
 *     if (error instanceof LaunchKeyError && error.code === 'LAUNCHKEY_NO_SUCH_USER') return null;
 *     throw error;
 *   }
 * }
 * ```
 */
export class LaunchKeyError extends Error {
  /** A stable string, such as `'LAUNCHKEY_NO_SUCH_USER'`. */
  readonly code: string;
  /** The engine's message code, where the engine sent one. */
  declare readonly messageCode?: number;
  /**
   * The HTTP status of the engine's answer, where there was one. In an error that the strategy passes
   * to Passport it is the status for the browser: 503 where the error is `retryable`, otherwise 500.
   */
  declare readonly status?: number;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** The pause that the engine asks for before the next call, in seconds. */
  declare readonly retryAfter?: number;
  /** The engine's message, shortened and without anything secret, where there was one. */
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

  /** Name, message and details for a log, without stack and cause. */
  toJSON(): Record<string, unknown> {
    const { name, message } = this;
    return Object.fromEntries([['name', name], ['message', message], ...Object.entries(this)]);
  }
}

/**
 * Copies an error with another `status`. It copies, because several callers may hold the original.
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
 * An option is missing or unusable. Correct the one that `option` names. Constructors, `policy()` and
 * the functions that make handlers throw it. Later it is thrown only for options of one call of
 * `passport.authenticate()`, for the result of a function among the options, and for a request that
 * lacks a session which it needs.
 */
export class ConfigurationError extends LaunchKeyError {
  /** The name of the option. */
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
 * The engine refused an argument of the call, or this client knows that it would: a user name with
 * forbidden characters, or a context of more than 400 characters. Correct the argument.
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
 * The engine does not accept the application key with the secret key, or the application is disabled.
 * Compare both keys with those that the engine's operator created.
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
 * The engine could not verify the signature: the private key does not belong to the public key that
 * it has for this application. Pass the application's own private key.
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
 * The engine has no user of that name. Answer the browser as for a denial, so that a stranger cannot
 * find out who has an account.
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
 * The user exists, but has no paired device. Answer the browser as for a denial. The user has to pair
 * a device.
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
 * There were too many auth requests for this user in a short time. Try again after `retryAfter`
 * seconds, or after a minute where it is absent.
 */
export class RateLimitExceededError extends LaunchKeyError {
  constructor(message: string, details: LaunchKeyErrorDetails = {}) {
    super(message, { code: 'LAUNCHKEY_RATE_LIMIT_EXCEEDED', retryable: true, ...details });
  }

  static {
    RateLimitExceededError.prototype.name = 'RateLimitExceededError';
  }
}

/** The code of an {@link ExpiredAuthRequestError} for a stale time stamp. */
export const STALE_STAMP = 'LAUNCHKEY_STALE_STAMP';

/**
 * The auth request has expired: it was not answered in five minutes, or its LaunchKey session has
 * ended. Start a new one.
 *
 * With the code `'LAUNCHKEY_STALE_STAMP'` it means something else: the engine rejected the time stamp
 * of the call as stale, also after a new ping. The engine's ping and its checks disagree about the
 * time, which its operator has to correct.
 */
export class ExpiredAuthRequestError extends LaunchKeyError {
  constructor(message: string, details: LaunchKeyErrorDetails = {}) {
    super(message, { code: 'LAUNCHKEY_EXPIRED_AUTH_REQUEST', ...details });
  }

  static {
    ExpiredAuthRequestError.prototype.name = 'ExpiredAuthRequestError';
  }
}

/** The engine has no such auth request of this application. Start a new one. */
export class UnknownAuthRequestError extends LaunchKeyError {
  constructor(message: string, details: LaunchKeyErrorDetails = {}) {
    super(message, { code: 'LAUNCHKEY_UNKNOWN_AUTH_REQUEST', ...details });
  }

  static {
    UnknownAuthRequestError.prototype.name = 'UnknownAuthRequestError';
  }
}

/**
 * The engine failed: it answered with a 5xx status (then `retryable` is true), or with a message code
 * that has no class of its own, which is in `messageCode`.
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
 * The engine could not be reached, or did not answer in time. `cause.code` names the reason, for
 * example `'ECONNREFUSED'` or `'ETIMEDOUT'`. Try again later. An `authorize()` that ends in this error
 * may have reached the engine nevertheless.
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
 * The response is not one of a LaunchKey v1 engine: it is not JSON, too large, a redirect, or lacks a
 * member; or an auth package does not decrypt. Check `apiBaseUrl`, and that the private key belongs to
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
 * A server-side event is forged, stale or malformed. Answer it with status 400, and do not tell the
 * sender the reason.
 */
export class InvalidCallbackError extends LaunchKeyError {
  constructor(message: string, details: LaunchKeyErrorDetails = {}) {
    super(message, { code: 'LAUNCHKEY_INVALID_CALLBACK', ...details });
  }

  static {
    InvalidCallbackError.prototype.name = 'InvalidCallbackError';
  }
}
