import { hash, randomInt } from 'node:crypto';
import type { Policy } from '../client/policy.js';
import type { Logins } from '../login/logins.js';
import { comparableName } from '../login/pending-limits.js';
import type { AskedUser, LoginStart } from '../login/push.js';
import type { BrowserSession } from '../web/browser-session.js';
import type { LoginNote } from '../web/login-notes.js';
import { type LoginRequest, readField } from '../web/request.js';
import type { LoginOptions } from './options.js';

/** A login that the user starts once more, with what its first start asked for. */
export interface RepeatedLogin {
  readonly handle: string;
  readonly note: LoginNote;
  readonly context: string | undefined;
  readonly policy: Policy | undefined;
  /** Finds no user for a decoy, which is repeated as a decoy. */
  readonly findUser: (() => Promise<AskedUser | null>) | undefined;
}

interface RepetitionParts {
  logins: Logins;
  browserSession: BrowserSession;
  /** Whether the new login would open a LaunchKey session. */
  session: boolean;
}

/** The number to pick has two digits. */
const PICKED_DIGITS = 2;
/** The number to type has six digits. */
const TYPED_DIGITS = 6;
/** The characters of a kind, which compares the logins of one browser only. */
const KIND_LENGTH = 16;

/** How a number is matched; `true` in the option means this. */
const DEFAULT_MATCHING = 'type';

/** Returns a new number for the option `numberMatching`, or `undefined` without number matching. */
export function newNumber(option: LoginOptions['numberMatching']): number | undefined {
  if (!option) return undefined;
  const matching = option === true ? DEFAULT_MATCHING : option;
  const digits = matching === 'type' ? TYPED_DIGITS : PICKED_DIGITS;
  return randomInt(10 ** (digits - 1), 10 ** digits);
}

/** Returns a text that is equal for logins of the same name, context, policy and type. */
export function kindOf({ username, session, context, policy }: LoginStart): string {
  const text = JSON.stringify([comparableName(username), session, context ?? '', policy ?? null]);
  return hash('sha256', text, 'base64url').slice(0, KIND_LENGTH);
}

/**
 * Returns the login that a request repeats: its field `again` is set, and its field `request` names
 * a login of this browser. `null` for any other request, and if what that login asked for is no
 * longer known.
 */
export async function repeatedLogin(
  req: LoginRequest,
  { logins, browserSession, session }: RepetitionParts,
): Promise<RepeatedLogin | null> {
  if (!readField(req, 'again')) return null;
  const handle = readField(req, 'request');
  const note = typeof handle === 'string' ? browserSession.noteOf(req, handle) : undefined;
  const login = note && (await logins.get(handle as string));
  if (!login) return null;
  const { context } = login;
  const policy = login.policy as Policy | undefined;
  const repeated = { handle: handle as string, note, context, policy };
  if (login.authRequest === '') return { ...repeated, findUser: async () => null };
  // A store that keeps less than it was given must not weaken what the user has to prove.
  const start = { username: note.name, session, userPushId: false, context, policy };
  return kindOf(start) === note.kind ? { ...repeated, findUser: undefined } : null;
}
