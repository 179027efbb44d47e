import { LaunchKeyError, withStatus } from '../errors.js';
import { asThrowable } from '../passport/verify.js';

/**
 * Makes of anything that was thrown what a host may be handed as an error: an object, since neither
 * `undefined` nor `'route'` may reach `next`, where they let the request through.
 *
 * Express, Fastify and others answer the browser with the `status` of an error. That of a
 * {@link LaunchKeyError} is what the engine said to the application, and no fault of the browser's:
 * it becomes 503 where the same may well succeed a little later, and 500 otherwise.
 */
export function hostError(thrown: unknown): object {
  const error = asThrowable(thrown);
  if (!(error instanceof LaunchKeyError)) return error;
  return withStatus(error, error.retryable ? 503 : 500);
}
