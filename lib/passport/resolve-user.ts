import { ConfigurationError } from '../errors.js';
import type { AskedUser } from '../login/push.js';
import { withTimeout } from '../util/timers.js';
import type { LoginRequest } from '../web/request.js';

/** What `resolveUser` answers: the engine's name of a user, with the user's hash if it is known. */
export interface ResolvedUser {
  /** The name at the engine: a user name, a white label identifier or a user push ID. */
  name: string;
  /**
   * The user hash that the application keeps for this user. An approval by another user then ends
   * as `'unverified'`.
   */
  userHash?: string | undefined;
}

/** What a {@link ResolveUserFunction} answers; `undefined` is the same as `null`. */
export type UserResolution = string | ResolvedUser | null | undefined;

/** Finds the user for what was typed; see {@link LaunchKeyStrategyOptions.resolveUser}. */
export type ResolveUserFunction = (
  typed: string,
  req: any,
) => UserResolution | Promise<UserResolution>;

/** A function of the application without an answer must not keep requests forever. */
const RESOLVE_TIMEOUT_MS = 60_000;

/** Names are the same for the engine with white space at their ends, composed or decomposed. */
export function normalizeName(typed: string): string {
  return typed.trim().normalize('NFC');
}

/**
 * Asks the application which user to ask.
 *
 * @returns `null` for an unknown user.
 * @throws what the function throws; ConfigurationError if it returns something else than a user, or
 *   does not answer within a minute.
 */
export async function askResolveUser(
  resolve: ResolveUserFunction,
  typed: string,
  req: LoginRequest,
): Promise<AskedUser | null> {
  // Called in a promise, so that what it throws becomes a rejection.
  const answer = Promise.resolve().then(() => resolve(typed, req));
  const result: unknown = await withTimeout(answer, RESOLVE_TIMEOUT_MS, () => {
    throw unusable(`did not answer within ${RESOLVE_TIMEOUT_MS / 1000} seconds`);
  });
  if (result === null || result === undefined) return null;
  const { name, userHash } = (typeof result === 'string' ? { name: result } : result) as Partial<
    Record<keyof ResolvedUser, unknown>
  >;
  if (typeof name !== 'string' || name.trim() === '') throw unusable('returned no name');
  if (userHash === undefined) return { name: normalizeName(name) };
  if (typeof userHash !== 'string' || userHash === '') {
    throw unusable('returned a userHash that is not a string, or empty');
  }
  return { name: normalizeName(name), userHash };
}

function unusable(what: string): ConfigurationError {
  return new ConfigurationError(
    'resolveUser',
    `${what}. It must answer with a name, with { name, userHash? }, or with null for an unknown user.`,
  );
}
