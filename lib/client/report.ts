import { InvalidResponseError, LaunchKeyError } from '../errors.js';
import type { FormCall } from './engine-calls.js';
import { checkAuthRequest, wireBoolean } from './parameters.js';

/**
 * `Authenticate`: the result of an answer. `Revoke`: the login has ended. `Withdraw`: the auth request
 * is taken back before it was answered.
 *
 * @internal
 */
export type ReportAction = 'Authenticate' | 'Revoke' | 'Withdraw';

/** @throws InvalidRequestError for anything that cannot be an auth request. */
export function reportCall(authRequest: string, action: ReportAction, status: boolean): FormCall {
  checkAuthRequest(authRequest);
  return {
    method: 'PUT',
    path: '/logs',
    parameters: { auth_request: authRequest, action, status: wireBoolean(status) },
    idempotent: true,
  };
}

/** Whether an error is the engine's refusal, which it would repeat. */
export function isRefusal(error: unknown): boolean {
  return (
    error instanceof LaunchKeyError &&
    error.status !== undefined &&
    !error.retryable &&
    !(error instanceof InvalidResponseError)
  );
}
