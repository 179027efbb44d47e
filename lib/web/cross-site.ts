// Imported, because the global of a test environment such as an old jsdom has no `canParse`.
import { URL } from 'node:url';
import { ConfigurationError } from '../errors.js';
import type { LoginRequest } from './request.js';
import { isSameOrigin } from './same-origin.js';

/**
 * Which requests of other sites may start, finish and cancel logins; see
 * {@link LaunchKeyStrategyOptions.crossSite}.
 */
export type CrossSiteOption = 'refuse' | 'allow' | { origins: readonly string[] };

/**
 * Whether another site made the browser send a request that starts, finishes or cancels a login. A
 * form on another site could otherwise log its visitor in as its own user.
 */
export function isForeign(req: LoginRequest, crossSite: CrossSiteOption): boolean {
  if (crossSite === 'allow' || isSameOrigin(req)) return false;
  const { origin } = req.headers;
  return crossSite === 'refuse' || origin === undefined || !crossSite.origins.includes(origin);
}

/** @throws ConfigurationError for an unusable value of the option. */
export function checkCrossSite(value: unknown): asserts value is CrossSiteOption {
  if (value === 'refuse' || value === 'allow') return;
  const origins = (value as { origins?: unknown } | null | undefined)?.origins;
  if (!Array.isArray(origins)) {
    throw new ConfigurationError('crossSite', "must be 'refuse', 'allow' or { origins: [...] }.");
  }
  const unusable = origins.find((origin) => !isOrigin(origin));
  if (unusable === undefined && !origins.includes(undefined)) return;
  throw new ConfigurationError(
    'crossSite',
    `must list origins as browsers write them, such as 'https://www.example.com', without a path. Got ${JSON.stringify(unusable)}.`,
  );
}

function isOrigin(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value;
}
