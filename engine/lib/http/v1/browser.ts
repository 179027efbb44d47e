import type { BrowserRecord } from '../../data/ports/requests.js';
import { canonicalAddress } from '../../util/networks.js';

const MAX_USER_AGENT_LENGTH = 256;
/** Printable ASCII. The engine compares pseudonyms and never shows one. */
const PSEUDONYM = /^[\x21-\x7e]{1,64}$/;

/**
 * Reads the JSON text that describes the browser of a login. Returns what is wrong with it as a text
 * otherwise. Unknown members are ignored.
 */
export function parseBrowser(text: string): BrowserRecord | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'is not JSON';
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'is not a JSON object';
  }
  const { address, user_agent, known, id } = value as Record<string, unknown>;
  const ip = typeof address === 'string' ? canonicalAddress(address) : undefined;
  if (isGiven(address) && ip === undefined) return 'has an address that is not an IP address';
  if (isGiven(user_agent) && typeof user_agent !== 'string') {
    return 'has a user_agent that is not a string';
  }
  if (isGiven(known) && typeof known !== 'boolean') return 'has a known that is not a boolean';
  if (isGiven(id) && !(typeof id === 'string' && PSEUDONYM.test(id))) {
    return 'has an id that is not 1 to 64 printable ASCII characters';
  }
  return {
    address: ip,
    userAgent:
      (user_agent as string | null | undefined)?.slice(0, MAX_USER_AGENT_LENGTH) || undefined,
    known: (known ?? undefined) as boolean | undefined,
    id: (id ?? undefined) as string | undefined,
  };
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
