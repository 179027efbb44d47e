import { InvalidRequestError } from '../errors.js';

const MAX_AUTH_REQUEST_LENGTH = 256;

/** Writes a boolean as Python sends it, which every engine accepts. */
export function wireBoolean(value: boolean): string {
  return value ? 'True' : 'False';
}

/** @throws InvalidRequestError for anything that cannot be the token of an auth request. */
export function checkAuthRequest(authRequest: unknown): void {
  if (
    typeof authRequest !== 'string' ||
    authRequest === '' ||
    authRequest.length > MAX_AUTH_REQUEST_LENGTH
  ) {
    throw new InvalidRequestError(
      'authRequest is not the token of an auth request. Pass the result of authorize().',
    );
  }
}
