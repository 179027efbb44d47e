/** The calls of the v1 API. Each has a range of message codes of its own. */
export type Call = 'ping' | 'auths' | 'poll' | 'logs' | 'users';

/** The `message` of a refusal: a text, or an object that names the parameter at fault. */
export type Message = string | Record<string, string>;

/**
 * A refused call. The reason is either the last two digits that the message codes of all calls share
 * (those of `POST /auths`), or a whole message code that only one call knows.
 */
export class CallRefusal extends Error {
  readonly reason: number;
  readonly said: Message;
  readonly retryAfterMs: number | undefined;

  constructor(reason: number, said: Message, retryAfterMs?: number) {
    super(typeof said === 'string' ? said : JSON.stringify(said));
    this.name = 'CallRefusal';
    this.reason = reason;
    this.said = said;
    this.retryAfterMs = retryAfterMs;
  }

  /** The message code of this refusal in a call. */
  code(call: Call): number {
    return messageCode(call, this.reason);
  }

  /**
   * The HTTP status. Java reads the body of an error for 400 to 403 only and treats every other status
   * as a broken connection.
   */
  get status(): number {
    if (this.reason === REASON.staleStamp) return 401;
    return this.reason === REASON.appDisabled ? 403 : 400;
  }
}

/** The last two digits of the message codes. */
export const REASON = {
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

/** Message codes that only one call knows. */
export const NO_PENDING_REQUEST = 70402;
export const PENDING = 70403;
export const EXPIRED = 70404;
export const NOT_A_SESSION = 50446;
export const UNKNOWN_AUTH_REQUEST = 50456;

const INCORRECT_DATA: Record<Call, number> = {
  ping: 60401,
  auths: 40421,
  poll: 70401,
  logs: 50441,
  users: 10221,
};

/** The number to which the last two digits are added. */
const FAMILY: Record<Call, number> = {
  ping: 60400,
  auths: 40400,
  poll: 70400,
  logs: 50420,
  users: 10200,
};

function messageCode(call: Call, reason: number): number {
  if (reason > 100) return reason;
  if (reason === REASON.incorrectData) return INCORRECT_DATA[call];
  // 50455 means an error of the engine, so `logs` reports a disabled application as not verified.
  if (call === 'logs' && reason === REASON.appDisabled) return 50443;
  return FAMILY[call] + reason;
}

/** A call whose parameter is missing or unusable. The message completes "The parameter …". */
export function incorrectParameter(name: string, problem: string): CallRefusal {
  return new CallRefusal(REASON.incorrectData, { [name]: problem });
}

/** A call that cannot be read. */
export function incorrectData(message: string): CallRefusal {
  return new CallRefusal(REASON.incorrectData, message);
}
