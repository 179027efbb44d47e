import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { ConfigurationError } from '../errors.js';
import { canSetCookies, readCookie, setCookie } from './cookies.js';
import type { LoginRequest } from './request.js';

/** Makes a key for a purpose; see {@link LaunchKeyClient}. */
type DeriveKey = (purpose: string) => Buffer;

/** Which browsers are recognised; see {@link LaunchKeyStrategyOptions.knownBrowsers}. */
export type KnownBrowsersOption = boolean | { keys: readonly string[] };

/** What the engine is told of a browser. */
export interface Recognition {
  /** Whether this user has logged in with the browser before. */
  known: boolean;
  /** A pseudonym of the browser and this user, if it is known. */
  id?: string;
}

/** A user who has logged in with a browser. */
interface Entry {
  /** The time of the latest login, in milliseconds since the epoch, as text. */
  time: string;
  /** Proves the browser, the user and the time. */
  mac: string;
}

interface KnownCookie {
  id: string;
  /** The newest first. */
  entries: Entry[];
}

const DAY_SECONDS = 86_400;
const COOKIE_LIFETIME_SECONDS = 180 * DAY_SECONDS;
/** Covers clocks that differ between the application's machines. */
const CLOCK_MARGIN_MS = 300_000;
const MAX_USERS = 5;
const ID_BYTES = 16;
const MIN_KEY_LENGTH = 32;
const PSEUDONYM_LENGTH = 32;
const COOKIE_VALUE = /^[\w-]{22}(~[0-9a-z]{1,10}\.[\w-]{43}){1,5}$/;

/** @throws ConfigurationError for an unusable value of the option. */
export function checkKnownBrowsers(value: unknown): asserts value is KnownBrowsersOption {
  if (typeof value === 'boolean') return;
  const keys = (value as { keys?: unknown } | null | undefined)?.keys;
  const usable =
    Array.isArray(keys) &&
    keys.length > 0 &&
    keys.every((key) => typeof key === 'string' && key.length >= MIN_KEY_LENGTH);
  if (usable) return;
  throw new ConfigurationError(
    'knownBrowsers',
    `must be true, false or { keys: [...] }, with random keys of at least ${MIN_KEY_LENGTH} characters, the newest first.`,
  );
}

/** Returns the recognition of browsers that the option asks for, or `null` for none. */
export function knownBrowsersOf(
  option: KnownBrowsersOption,
  { appKey, deriveKey }: { appKey: string; deriveKey: DeriveKey },
): KnownBrowsers | null {
  if (option === false) return null;
  const keys =
    option === true
      ? [deriveKey('known browsers')]
      : option.keys.map((key) => hash('sha256', `launchkey known browsers ${key}`, 'buffer'));
  return new KnownBrowsers(appKey, keys);
}

/**
 * Recognises the browsers in which a user has logged in before, by a cookie. It starts, joins and
 * skips nothing: the engine is told whether it knows the browser, and gives its requests limits of
 * their own, which strangers cannot use up.
 */
export class KnownBrowsers {
  private readonly cookie: string;
  private readonly keys: readonly Buffer[];

  /**
   * @param appKey - the application, since several may share a host.
   * @param keys - of the HMAC, the newest first.
   */
  constructor(appKey: string, keys: readonly Buffer[]) {
    const application = hash('sha256', `launchkey application ${appKey}`, 'hex').slice(0, 8);
    this.cookie = `launchkey-browser-${application}`;
    this.keys = keys;
  }

  /**
   * Returns what the engine is told of the browser that asks for a user. Nothing is said of browsers
   * that cannot be recognised, because the host gives no access to its response.
   */
  recognise(req: LoginRequest, username: string): Recognition | undefined {
    if (!canSetCookies(req)) return undefined;
    const present = this.read(req);
    const name = comparable(username);
    if (!present?.entries.some((entry) => this.isOf(entry, present.id, name))) {
      return { known: false };
    }
    const pseudonym = hash('sha256', `launchkey pseudonym ${present.id} ${name}`, 'base64url');
    return { known: true, id: pseudonym.slice(0, PSEUDONYM_LENGTH) };
  }

  /** Remembers that a user has logged in with the browser. */
  remember(req: LoginRequest, username: string): void {
    const present = this.read(req);
    const id = present?.id ?? randomBytes(ID_BYTES).toString('base64url');
    const name = comparable(username);
    const time = Date.now().toString(36);
    const [key] = this.keys;
    if (!key) return;
    const entry = { time, mac: macOf(key, id, name, time).toString('base64url') };
    this.write(req, { id, entries: [entry, ...this.others(present, name)].slice(0, MAX_USERS) });
  }

  /** Forgets a user, who has reported a request of the browser as fraud, or was deleted. */
  forget(req: LoginRequest, username: string): void {
    const present = this.read(req);
    if (!present) return;
    const entries = this.others(present, comparable(username));
    if (entries.length < present.entries.length) this.write(req, { ...present, entries });
  }

  /** The entries of other users. */
  private others(cookie: KnownCookie | undefined, name: string): Entry[] {
    return (cookie?.entries ?? []).filter((entry) => !this.isOf(entry, cookie?.id ?? '', name));
  }

  private isOf({ time, mac }: Entry, id: string, name: string): boolean {
    const given = Buffer.from(mac, 'base64url');
    return this.keys.some((key) => timingSafeEqual(macOf(key, id, name, time), given));
  }

  private read(req: LoginRequest): KnownCookie | undefined {
    const value = readCookie(req, this.cookie);
    if (value === undefined || !COOKIE_VALUE.test(value)) return undefined;
    const [id = '', ...parts] = value.split('~');
    const entries = parts.map((part) => {
      const [time = '', mac = ''] = part.split('.');
      return { time, mac };
    });
    return { id, entries: entries.filter(({ time }) => isFresh(time)) };
  }

  private write(req: LoginRequest, { id, entries }: KnownCookie): void {
    const value = [id, ...entries.map(({ time, mac }) => `${time}.${mac}`)].join('~');
    const maxAge = entries.length > 0 ? COOKIE_LIFETIME_SECONDS : 0;
    setCookie(req, { name: this.cookie, value: maxAge > 0 ? value : '', maxAge });
  }
}

/** Different spellings of a name are one user, because the engine may know them as one. */
function comparable(username: string): string {
  return username.normalize('NFKC').trim().toLowerCase();
}

function isFresh(time: string): boolean {
  const age = Date.now() - Number.parseInt(time, 36);
  return age >= -CLOCK_MARGIN_MS && age <= COOKIE_LIFETIME_SECONDS * 1000;
}

function macOf(key: Buffer, id: string, name: string, time: string): Buffer {
  return createHmac('sha256', key).update(`${id} ${time} ${name}`).digest();
}
