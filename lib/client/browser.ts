import { isIP } from 'node:net';

/** The browser that a login comes from, for the device to show. All members are optional. */
export interface RequestingBrowser {
  /** Its IP address. Text that is not an IP address is left out. */
  address?: string | undefined;
  /** Its `User-Agent` header. The device shows the name of a program and of a system, for example "Chrome on Windows". */
  userAgent?: string | undefined;
  /** Whether this user has logged in with it before, by the application's word. */
  known?: boolean | undefined;
  /** A pseudonym of a known browser, of 1 to 64 printable ASCII characters. */
  id?: string | undefined;
}

/** Engines read no more of a user agent. */
const MAX_USER_AGENT_LENGTH = 256;
const PSEUDONYM = /^[\x21-\x7e]{1,64}$/;

/**
 * Returns the JSON text that describes a browser, or `undefined` if nothing is known of it. Members
 * that an engine would refuse are left out: a proxy's odd header must not prevent a login.
 */
export function browserText({
  address,
  userAgent,
  known,
  id,
}: RequestingBrowser): string | undefined {
  const members = {
    ...(typeof address === 'string' && isIP(address) !== 0 && { address }),
    ...(typeof userAgent === 'string' &&
      userAgent !== '' && { user_agent: userAgent.slice(0, MAX_USER_AGENT_LENGTH) }),
    ...(typeof known === 'boolean' && { known }),
    ...(typeof id === 'string' && PSEUDONYM.test(id) && { id }),
  };
  return Object.keys(members).length > 0 ? JSON.stringify(members) : undefined;
}
