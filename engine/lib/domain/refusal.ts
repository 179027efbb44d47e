/**
 * Why an application's call is refused, named by the last two digits that the codes of all calls
 * share (those of `POST /auths`).
 */
export const Reason = {
  incorrectData: 21,
  wrongSecret: 22,
  noDevice: 24,
  unknownApp: 25,
  unknownUser: 26,
  signatureMismatch: 28,
  staleStamp: 31,
  signatureUnreadable: 32,
  notDecryptable: 33,
  malformedSecret: 34,
  appDisabled: 35,
  tooMany: 36,
} as const;
export type Reason = (typeof Reason)[keyof typeof Reason];

/** Refusals that only one call knows. */
export const OwnReason = {
  noPendingRequest: 70402,
  pending: 70403,
  expired: 70404,
  notASession: 50446,
  unknownAuthRequest: 50456,
} as const;
export type OwnReason = (typeof OwnReason)[keyof typeof OwnReason];

/** Thrown inside a call of the v1 API; the HTTP side turns it into the call's own message code. */
export class Refusal extends Error {
  readonly reason: Reason | OwnReason;
  /** What the body's `message` says: a text, or an object that names the parameter at fault. */
  readonly said: string | Record<string, string>;
  /** In milliseconds. */
  readonly retryAfter?: number;

  constructor(
    reason: Reason | OwnReason,
    said: string | Record<string, string>,
    retryAfter?: number,
  ) {
    super(typeof said === 'string' ? said : JSON.stringify(said));
    this.name = 'Refusal';
    this.reason = reason;
    this.said = said;
    this.retryAfter = retryAfter;
  }
}
