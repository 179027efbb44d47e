import Bowser from 'bowser';
import type { BrowserRecord } from '../data/ports/requests.js';

/** The browser of a login, as a device shows it. */
export interface RequestBrowser {
  /** Its IP address. */
  address?: string;
  /** The name of its program, for example `Firefox`. */
  name?: string;
  /** The name of its operating system, for example `Windows`. */
  system?: string;
  /** Whether the user has logged in with it before, by the application's word. */
  known?: boolean;
}

const BROWSER_NAMES: ReadonlySet<unknown> = new Set(Object.values(Bowser.BROWSER_MAP));
const SYSTEM_NAMES: ReadonlySet<unknown> = new Set(Object.values(Bowser.OS_MAP));

/**
 * What a device shows of a browser. The sender chooses the user agent's text, so only names of a
 * fixed list are taken from it.
 */
export function showBrowser({ address, userAgent, known }: BrowserRecord): RequestBrowser {
  return { address, ...(userAgent !== undefined && namesIn(userAgent)), known };
}

function namesIn(userAgent: string): Pick<RequestBrowser, 'name' | 'system'> {
  const { browser, os } = Bowser.parse(userAgent);
  return {
    name: BROWSER_NAMES.has(browser.name) ? browser.name?.replace(/ for Android$/, '') : undefined,
    system: SYSTEM_NAMES.has(os.name) ? os.name : undefined,
  };
}
