import { InvalidCallbackError } from '../errors.js';
import { abortable } from '../util/abort.js';
import { decodeBase64 } from '../util/base64.js';
import { parseTime } from '../util/time.js';
import type { CallOptions } from './call-options.js';
import type { EngineClock } from './engine-clock.js';
import { verifySignature } from './event-signature.js';
import { parseObject } from './response.js';

/**
 * The parameters of a server-side event: of the query, of a form body, or of JSON. Every value must
 * be a string, and every name may occur once.
 */
export type EventParameters = URLSearchParams | Readonly<Record<string, unknown>>;

/** The user answered an auth request. */
export interface AuthEvent {
  type: 'auth';
  /** The token of the auth request. */
  authRequest: string;
  /** The auth package, not decrypted yet. */
  auth: string;
  /** The user's name towards this application. */
  userHash: string;
  /** The user's name towards all applications of the organization, where there is one. */
  organizationUser?: string;
  /** A name by which the user can be asked again, where `authorize()` asked for one. */
  userPushId?: string;
}

/** The user ended the LaunchKey sessions of this application on the device. */
export interface LogoutEvent {
  type: 'logout';
  /** The user's name towards this application. */
  userHash: string;
  /** When the user did so: engine time, in whole seconds. Sessions that began later go on. */
  time: Date;
}

/** The result of `client.handleCallback()`. */
export type CallbackEvent = AuthEvent | LogoutEvent;

/** An auth event as it was received. Its members are not verified until `verify()` resolves. */
export interface ReceivedAuthEvent extends AuthEvent {
  /**
   * Verifies `event_signature` and `event_time`, which this project's engine adds to its events. Most
   * engines do not sign auth events: poll for the answer then, and trust that.
   *
   * @throws InvalidCallbackError when the event is not signed, forged, altered or older than five
   *   minutes.
   * @throws CommunicationError, EngineError when the engine's key is not known and cannot be fetched.
   */
  verify(options?: CallOptions): Promise<AuthEvent>;
}

/** A logout event as it was received. */
export interface ReceivedLogoutEvent {
  type: 'logout';
  /**
   * Verifies the engine's signature and the time of the event.
   *
   * @throws InvalidCallbackError when the event is forged, altered, malformed or older than five
   *   minutes.
   * @throws CommunicationError, EngineError when the engine's key is not known and cannot be fetched.
   */
  verify(options?: CallOptions): Promise<LogoutEvent>;
}

/** The result of `client.readEvent()`. */
export type ReceivedEvent = ReceivedAuthEvent | ReceivedLogoutEvent;

// The largest known event has an auth package of about 700 characters.
const MAX_PARAMETERS = 32;
const MAX_NAME_LENGTH = 64;
const MAX_VALUE_LENGTH = 4096;
const MAX_SIGNATURE_BYTES = 2048;

/**
 * Reads the parameters of an event. Sends nothing.
 *
 * @throws InvalidCallbackError for anything but exactly one event of a known kind.
 */
export function readEvent(parameters: EventParameters, clock: EngineClock): ReceivedEvent {
  const values = readParameters(parameters);
  // The guide calls it `clear`; the vendor's pages and the other SDKs call it `deorbit`.
  const logouts = ['deorbit', 'clear'].filter((name) => values.has(name));
  const isAuth = values.has('auth');
  if (logouts.length + (isAuth ? 1 : 0) !== 1) {
    throw invalid('is neither an answer nor a logout. It needs auth, or deorbit and signature');
  }
  if (isAuth) return authEvent(values, clock);
  return logoutEvent(need(values, logouts[0] as string), need(values, 'signature'), clock);
}

/** A logout event of which text and signature are known. */
export function logoutEvent(
  text: unknown,
  signature: unknown,
  clock: EngineClock,
): ReceivedLogoutEvent {
  const bytes = decodeBase64(signature, MAX_SIGNATURE_BYTES);
  if (!bytes) throw invalid('has a signature that is not base64');
  if (typeof text !== 'string' || text.length > MAX_VALUE_LENGTH) {
    throw invalid(`has a text that is not a string of at most ${MAX_VALUE_LENGTH} characters`);
  }
  return {
    type: 'logout',
    verify: ({ signal } = {}) => abortable(() => verifyLogout(text, bytes, clock), signal),
  };
}

async function verifyLogout(
  text: string,
  signature: Buffer,
  clock: EngineClock,
): Promise<LogoutEvent> {
  // Python removes the carriage returns before it verifies.
  const texts = text.includes('\r') ? [text, text.replaceAll('\r', '')] : [text];
  const logout = readLogout(text);
  const time = logout?.time ?? null;
  const verdict = await verifySignature({ texts, signature, time }, clock);
  if (verdict === 'forged') throw forged();
  if (!logout) throw invalid('is signed, but lacks a readable time or user_hash');
  if (verdict === 'stale') throw stale();
  return logout;
}

function readLogout(text: string): LogoutEvent | null {
  const members = parseObject(text);
  const time = parseTime(members?.launchkey_time) ?? parseTime(members?.api_time);
  const userHash = members?.user_hash;
  if (!time || typeof userHash !== 'string' || userHash === '') return null;
  return { type: 'logout', userHash, time };
}

function authEvent(values: Map<string, string>, clock: EngineClock): ReceivedAuthEvent {
  const event: AuthEvent = {
    type: 'auth',
    authRequest: need(values, 'auth_request'),
    auth: need(values, 'auth'),
    userHash: need(values, 'user_hash'),
  };
  const organizationUser = values.get('organization_user');
  const userPushId = values.get('user_push_id');
  if (organizationUser) event.organizationUser = organizationUser;
  if (userPushId) event.userPushId = userPushId;
  return {
    ...event,
    verify: async ({ signal } = {}) => {
      await abortable(() => verifyAuthEvent(values, clock), signal);
      return event;
    },
  };
}

/** The signature covers all other parameters, sorted by name and form-encoded. */
async function verifyAuthEvent(values: Map<string, string>, clock: EngineClock): Promise<void> {
  const signature = decodeBase64(values.get('event_signature'), MAX_SIGNATURE_BYTES);
  const time = parseTime(values.get('event_time'));
  if (!signature || !time || !values.get('event_id')) {
    throw invalid('carries no signature of the engine. Poll for the answer instead');
  }
  const signed = new URLSearchParams([...values].filter(([name]) => name !== 'event_signature'));
  signed.sort();
  const verdict = await verifySignature({ texts: [signed.toString()], signature, time }, clock);
  if (verdict === 'forged') throw forged();
  if (verdict === 'stale') throw stale();
}

function readParameters(parameters: EventParameters): Map<string, string> {
  if (typeof parameters !== 'object' || parameters === null) throw invalid('has no parameters');
  const entries = isSearchParams(parameters) ? [...parameters] : Object.entries(parameters);
  if (entries.length > MAX_PARAMETERS) {
    throw invalid(`has more than ${MAX_PARAMETERS} parameters`);
  }
  const values = new Map<string, string>();
  for (const [name, value] of entries) {
    if (value === undefined) continue;
    // Parsers of bodies and queries make arrays and objects of repeated and bracketed names.
    if (typeof value !== 'string') throw invalid('has a parameter that is not a string');
    if (values.has(name)) throw invalid('has a parameter twice');
    if (name.length > MAX_NAME_LENGTH || value.length > MAX_VALUE_LENGTH) {
      throw invalid('has a parameter that is too long');
    }
    values.set(name, value);
  }
  return values;
}

/** `instanceof` is false for parameters of another realm, such as Jest's. */
function isSearchParams(parameters: object): parameters is URLSearchParams {
  return Object.prototype.toString.call(parameters) === '[object URLSearchParams]';
}

function need(values: Map<string, string>, name: string): string {
  const value = values.get(name);
  if (!value) throw invalid(`lacks the parameter ${name}`);
  return value;
}

const invalid = (reason: string) =>
  new InvalidCallbackError(`The event ${reason}. It was ignored.`);

const forged = () => invalid("is not signed by the engine's key");

const stale = () => invalid('is more than five minutes old or ahead in engine time');
