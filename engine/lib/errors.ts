/**
 * What went wrong, in a form that a program can compare. The codes are stable; the messages are for
 * people and may change.
 *
 * - `ENGINE_INVALID_OPTION`: an option of `startEngine` or of a method is missing, unknown or unusable.
 * - `ENGINE_UNKNOWN_APP`, `ENGINE_UNKNOWN_USER`, `ENGINE_UNKNOWN_REQUEST`, `ENGINE_UNKNOWN_CODE`,
 *   `ENGINE_UNKNOWN_DEVICE`: there is nothing of that name.
 * - `ENGINE_USER_EXISTS`: the name is taken.
 * - `ENGINE_REQUEST_ANSWERED`, `ENGINE_REQUEST_EXPIRED`: too late to answer.
 * - `ENGINE_REQUEST_WITHDRAWN`: the application has taken the auth request back.
 * - `ENGINE_DENIAL_ONLY`: a wrong number was picked: the request can only be denied.
 * - `ENGINE_NUMBER_REQUIRED`: the request can be approved only together with a number.
 * - `ENGINE_NO_VIRTUAL_DEVICE`: the user answers on a paired device, or on none.
 * - `ENGINE_LIMIT`: a bound is reached: too many codes were tried.
 * - `ENGINE_DATA`: the data file or database cannot be used; the message says what to do.
 * - `ENGINE_TLS`: the certificate or its private key cannot be used.
 * - `ENGINE_LISTEN`: the address could not be bound.
 * - `ENGINE_CLOSED`: the engine has been closed.
 */
export type EngineErrorCode =
  | 'ENGINE_INVALID_OPTION'
  | 'ENGINE_UNKNOWN_APP'
  | 'ENGINE_UNKNOWN_USER'
  | 'ENGINE_UNKNOWN_REQUEST'
  | 'ENGINE_UNKNOWN_CODE'
  | 'ENGINE_UNKNOWN_DEVICE'
  | 'ENGINE_USER_EXISTS'
  | 'ENGINE_REQUEST_ANSWERED'
  | 'ENGINE_REQUEST_EXPIRED'
  | 'ENGINE_REQUEST_WITHDRAWN'
  | 'ENGINE_DENIAL_ONLY'
  | 'ENGINE_NUMBER_REQUIRED'
  | 'ENGINE_NO_VIRTUAL_DEVICE'
  | 'ENGINE_LIMIT'
  | 'ENGINE_DATA'
  | 'ENGINE_TLS'
  | 'ENGINE_LISTEN'
  | 'ENGINE_CLOSED';

/**
 * Thrown by `startEngine` and by the methods of an {@link Engine}. What applications are told over
 * HTTP is another matter and never of this class.
 *
 * @example
 * ```ts
 * import { LaunchKeyEngineError } from 'launchkey-engine';
 *
 * try {
 *   await engine.createUser('alice');
 * } catch (error) {
 *   const exists = error instanceof LaunchKeyEngineError && error.code === 'ENGINE_USER_EXISTS';
 *   if (!exists) throw error;
 * }
 * ```
 */
export class LaunchKeyEngineError extends Error {
  /** The stable name of what went wrong. */
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LaunchKeyEngineError';
    this.code = code;
  }
}
