import type { KeyObject } from 'node:crypto';
import { verify } from '../crypto/rsa.js';
import { InvalidCallbackError } from '../errors.js';
import { decodeBase64 } from '../util/base64.js';
import { parseTime } from '../util/time.js';
import type { EngineClock, Reading } from './clock.js';
import { parseObject } from './reply.js';

/**
 * The parameters of a server-side event: of the query, of a form body, or of JSON. Every value must
 * be a string and occur once.
 */
export type EventParameters = URLSearchParams | Readonly<Record<string, unknown>>;

/**
 * The user has answered an auth request. Nobody signed this, so it is a hint: poll for the answer,
 * and believe that.
 */
export interface AuthEvent {
  type: 'auth';
  authRequest: string;
  /** The encrypted answer. */
  auth: string;
  userHash: string;
  organizationUser?: string;
  userPushId?: string;
}

/** The user ended the LaunchKey sessions of this application on the device. The engine signed it. */
export interface LogoutEvent {
  type: 'logout';
  userHash: string;
  /** When the user did so, in engine time, whole seconds. Sessions that began later go on. */
  time: Date;
}

/** What `handleCallback` makes of the parameters. */
export type CallbackEvent = AuthEvent | LogoutEvent;

/** A logout whose signature has not been verified yet. */
export interface SignedLogout {
  type: 'signed-logout';
  text: string;
  signature: string;
}

/** Whether the engine signed an event, and which one it is, so that a repeated one is seen. */
export interface EventTrust {
  trusted: boolean;
  eventId?: string;
  time?: Date;
}

// The largest event known has an auth package of some 700 characters.
const MAX_PARAMS = 32;
const MAX_NAME = 64;
const MAX_VALUE = 4096;

/** How old an event may be, and how far ahead, in engine time. */
const MAX_AGE = 300_000;

/**
 * Reads the parameters of an event without asking anybody anything.
 *
 * @throws InvalidCallbackError for anything but exactly one event of a known shape.
 */
export function readCallback(params: EventParameters): AuthEvent | SignedLogout {
  const values = readParams(params);
  // The guide calls it `clear`, the vendor's pages and the other SDKs `deorbit`.
  const logouts = ['deorbit', 'clear'].filter((name) => values.has(name));
  const isAuth = values.has('auth');
  if (logouts.length + (isAuth ? 1 : 0) !== 1) throw invalid('is neither an answer nor a logout');
  if (isAuth) return readAuthEvent(values);
  return {
    type: 'signed-logout',
    text: need(values, logouts[0] as string),
    signature: need(values, 'signature'),
  };
}

/**
 * Verifies the engine's signature over a logout, and that it is of these five minutes.
 *
 * @throws InvalidCallbackError when it is forged, altered, stale, ahead of time or malformed.
 */
export async function verifyLogout(
  { text, signature }: Omit<SignedLogout, 'type'>,
  clock: EngineClock,
): Promise<LogoutEvent> {
  const bytes = decodeBase64(signature, 2048);
  if (!bytes || typeof text !== 'string' || text.length > MAX_VALUE) throw invalid('is malformed');
  // Python drops the carriage returns before it verifies.
  const texts = text.includes('\r') ? [text, text.replaceAll('\r', '')] : [text];
  const event = readLogout(text);
  const verdict = await withRenewal(clock, async (reading) => {
    if (!(await isSigned(texts, bytes, clock.eventKeys(reading)))) return 'forged';
    return event && isFresh(event.time, reading) ? 'valid' : 'stale';
  });
  if (verdict === 'forged') throw invalid('is not signed by the engine');
  if (!event) throw invalid('has an unknown shape');
  if (verdict === 'stale') throw invalid('is older than five minutes, or ahead of time');
  return event;
}

/**
 * Verifies `event_signature`, which this project's engine adds to its events. Most engines sign no
 * event: then it is not trusted, and the answer must be polled.
 */
export async function verifyEvent(
  params: EventParameters,
  clock: EngineClock,
): Promise<EventTrust> {
  const values = readParams(params);
  const signature = decodeBase64(values.get('event_signature'), 2048);
  const time = parseTime(values.get('event_time'));
  const eventId = values.get('event_id');
  if (!signature || !time || !eventId) return { trusted: false };
  values.delete('event_signature');
  const signed = new URLSearchParams([...values]);
  signed.sort();
  const verdict = await withRenewal(clock, async (reading) => {
    if (!(await isSigned([signed.toString()], signature, clock.eventKeys(reading))))
      return 'forged';
    return isFresh(time, reading) ? 'valid' : 'stale';
  });
  return verdict === 'valid' ? { trusted: true, eventId, time } : { trusted: false };
}

type Verdict = 'valid' | 'forged' | 'stale';

/** The key may have been rotated, or the clock be off: a new ping, if one is allowed, may show it. */
async function withRenewal(
  clock: EngineClock,
  check: (reading: Reading) => Promise<Verdict>,
): Promise<Verdict> {
  const verdict = await check(await clock.forEvent());
  if (verdict === 'valid') return verdict;
  const renewed = await clock.renewedForEvent();
  return renewed ? check(renewed) : verdict;
}

async function isSigned(
  texts: readonly string[],
  signature: Buffer,
  keys: readonly KeyObject[],
): Promise<boolean> {
  for (const key of keys) {
    for (const text of texts) {
      if (await verify(key, Buffer.from(text), signature)) return true;
    }
  }
  return false;
}

function isFresh(time: Date, reading: Reading): boolean {
  return Math.abs(performance.now() + reading.offset - time.getTime()) <= MAX_AGE;
}

function readLogout(text: string): LogoutEvent | null {
  const members = parseObject(text);
  const time = parseTime(members?.launchkey_time) ?? parseTime(members?.api_time);
  const userHash = members?.user_hash;
  if (!time || typeof userHash !== 'string' || userHash === '') return null;
  return { type: 'logout', userHash, time };
}

function readAuthEvent(values: Map<string, string>): AuthEvent {
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
  return event;
}

function readParams(params: EventParameters): Map<string, string> {
  if (typeof params !== 'object' || params === null) throw invalid('has no parameters');
  const entries = isSearchParams(params) ? [...params] : Object.entries(params);
  if (entries.length > MAX_PARAMS) throw invalid('has too many parameters');
  const values = new Map<string, string>();
  for (const [name, value] of entries) {
    if (value === undefined) continue;
    // Body and query parsers make arrays and objects out of repeated and bracketed names.
    if (typeof value !== 'string') throw invalid('has a parameter that is not a string');
    if (values.has(name)) throw invalid('has a parameter twice');
    if (name.length > MAX_NAME || value.length > MAX_VALUE) throw invalid('is too long');
    values.set(name, value);
  }
  return values;
}

/** `instanceof` would not know the one of another realm, such as Jest's. */
function isSearchParams(params: object): params is URLSearchParams {
  return Object.prototype.toString.call(params) === '[object URLSearchParams]';
}

function need(values: Map<string, string>, name: string): string {
  const value = values.get(name);
  if (!value) throw invalid(`lacks ${name}`);
  return value;
}

const invalid = (reason: string) => new InvalidCallbackError(`The event ${reason}`);
