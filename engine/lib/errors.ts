/**
 * The codes of {@link LaunchKeyEngineError}. Programs can compare them: they are stable, while the
 * messages are for people and may change.
 *
 * - `ENGINE_INVALID_OPTION`: an option of `startEngine` or of a method is missing, unknown or unusable.
 * - `ENGINE_UNKNOWN_APP`: no application has this app key.
 * - `ENGINE_UNKNOWN_USER`: no user has this name.
 * - `ENGINE_UNKNOWN_REQUEST`: no open auth request has this token.
 * - `ENGINE_UNKNOWN_CODE`: the pairing code is mistyped, was used, or has expired.
 * - `ENGINE_UNKNOWN_DEVICE`: the user has no device of this id.
 * - `ENGINE_USER_EXISTS`: a user of this name exists.
 * - `ENGINE_REQUEST_ANSWERED`: the auth request was answered before.
 * - `ENGINE_REQUEST_EXPIRED`: the auth request has expired.
 * - `ENGINE_REQUEST_WITHDRAWN`: the application has taken the auth request back.
 * - `ENGINE_DENIAL_ONLY`: a wrong number was picked before, so the request can only be denied.
 * - `ENGINE_NUMBER_REQUIRED`: an approval of this request needs a number.
 * - `ENGINE_NO_VIRTUAL_DEVICE`: the user has no virtual device.
 * - `ENGINE_LIMIT`: too many pairing codes were tried.
 * - `ENGINE_DATA`: the data file or the database cannot be used. The message says what to do.
 * - `ENGINE_TLS`: the certificate or its private key cannot be used.
 * - `ENGINE_LISTEN`: the address cannot be bound.
 * - `ENGINE_CLOSED`: the engine was closed.
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
 * The error of {@link startEngine} and of the methods of an {@link Engine}. Applications receive other
 * errors over HTTP, with message codes of the v1 API.
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
  /** Names the error. It is stable. */
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LaunchKeyEngineError';
    this.code = code;
  }
}
