import { LaunchKeyError, withStatus } from '../errors.js';
import { toErrorObject } from '../util/error-object.js';

/**
 * Converts anything that was thrown into an error that a host may receive.
 *
 * Express, Fastify and others respond with the `status` of an error. The status of a
 * {@link LaunchKeyError} is the engine's verdict about the application, not about the browser, so
 * it becomes 503 if the error is retryable and 500 otherwise.
 */
export function hostError(thrown: unknown): object {
  const error = toErrorObject(thrown);
  if (!(error instanceof LaunchKeyError)) return error;
  return withStatus(error, error.retryable ? 503 : 500);
}
