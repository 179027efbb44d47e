import { hash, randomBytes } from 'node:crypto';
import { RECORD_GRACE_MS } from '../login/start.js';
import type { PendingLogin } from '../store/store.js';
import { canSetCookies, cookieName, readCookie, readCookies, setCookie } from './cookies.js';
import type { LoginRequest } from './request.js';

/** A browser keeps the cookies of this many logins, the newest. */
const MAX_LOGIN_COOKIES = 8;
const PREFIX = 'launchkey-login-';
/** This much of a handle tells the logins of one browser apart. */
const NAME_LENGTH = 16;
const SECRET_BYTES = 16;
/** As long as the record outlives its login, so that the page can say that the time is up. */
const GRACE_SECONDS = RECORD_GRACE_MS / 1000;

/**
 * Gives the browser that begins a login a secret of its own, in a cookie. An attacker who planted the
 * session cookie of this browser does not have it, and cannot finish the login.
 *
 * @returns the hash by which {@link hasLoginCookie} recognises the browser, or `undefined` if the
 *   host gives no access to its response.
 */
export function giveLoginCookie(
  req: LoginRequest,
  { handle, expiresAt }: PendingLogin,
): string | undefined {
  if (!canSetCookies(req)) return undefined;
  dropOldest(req);
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const maxAge = Math.max(1, Math.ceil((expiresAt - Date.now()) / 1000)) + GRACE_SECONDS;
  setCookie(req, { name: nameOf(handle), value: `${secret}.${expiresAt.toString(36)}`, maxAge });
  return hashOf(secret);
}

/** Whether a request comes from the browser that began the login. */
export function hasLoginCookie(req: LoginRequest, handle: string, expected: string): boolean {
  const value = readCookie(req, nameOf(handle));
  return value !== undefined && hashOf(secretIn(value)) === expected;
}

/** Makes room for one more cookie. */
function dropOldest(req: LoginRequest): void {
  const prefix = cookieName(req, PREFIX);
  const ofLogins = [...readCookies(req)]
    .filter(([name]) => name.startsWith(prefix))
    .sort(([, one], [, other]) => expiryIn(one) - expiryIn(other));
  const excess = Math.max(0, ofLogins.length - (MAX_LOGIN_COOKIES - 1));
  for (const [name] of ofLogins.slice(0, excess)) {
    setCookie(req, { name: `${PREFIX}${name.slice(prefix.length)}`, value: '', maxAge: 0 });
  }
}

function nameOf(handle: string): string {
  return PREFIX + handle.slice(0, NAME_LENGTH);
}

function secretIn(value: string): string {
  return value.split('.')[0] ?? '';
}

/** A time that cannot be read counts as the oldest. */
function expiryIn(value: string): number {
  return Number.parseInt(value.split('.')[1] ?? '', 36) || 0;
}

function hashOf(secret: string): string {
  return hash('sha256', `launchkey browser of a login ${secret}`, 'base64url');
}
