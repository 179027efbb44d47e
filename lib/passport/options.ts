import type { IncomingHttpHeaders } from 'node:http';
import type { LaunchKeyClientOptions } from '../client/client.js';
import type { Policy } from '../client/policy.js';
import { ConfigurationError } from '../errors.js';
import type { AuthResponse } from '../login/verdict.js';
import { defaultStore, type MemoryStore } from '../store/memory.js';
import type { Store } from '../store/store.js';

declare global {
  namespace Express {
    // The user type that every Passport strategy shares; applications merge theirs into it.
    interface User {}
  }
}

/**
 * What the strategy reads of a request. The requests of Express, Connect, NestJS and Fastify all
 * have it.
 */
export interface LoginRequest {
  // `any`, since every host types these in a way of its own.
  body?: any;
  query?: any;
  session?: any;
  headers: IncomingHttpHeaders;
}

/** Answers the strategy: an error, or a user, or `false` for none. */
export type VerifyDone = (
  error: unknown,
  user?: Express.User | false | null,
  info?: object | string,
) => void;

/**
 * What verify may return: nothing when it uses `done`, or a promise of the user, of
 * `[user, info]`, of `false` or `null` for none, or of `undefined` when `done` is used after all.
 */
export type VerifyResult = void | Promise<
  | Express.User
  | readonly [user: Express.User | false | null, info?: object | string]
  | false
  | null
  | undefined
  | void
>;

/** Maps an approved login to a user of the application. Called once per approved login. */
export type VerifyFunction = (
  userHash: string,
  response: AuthResponse,
  done: VerifyDone,
) => VerifyResult;

/** {@link VerifyFunction} with the request in front, for `passReqToCallback: true`. */
export type VerifyFunctionWithRequest<Request extends LoginRequest = LoginRequest> = (
  req: Request,
  userHash: string,
  response: AuthResponse,
  done: VerifyDone,
) => VerifyResult;

/** What a login asks of the engine; each may be given for the strategy or for one call. */
export interface LoginOptions {
  /**
   * `'session'` opens a LaunchKey session that the user can end from the device, `'transaction'`
   * does not. Default: `'transaction'` where Passport is called with `session: false` or by
   * `passport.authorize()`, which logs in nobody; otherwise `'session'`.
   */
  authType?: 'session' | 'transaction' | undefined;
  /** Whether to ask for a name by which later requests can be sent. Default `false`. */
  userPushId?: boolean | undefined;
  /**
   * What the device shows beside the request, at most 400 characters: why the user is asked.
   * Default: none.
   */
  context?: string | ((req: any) => string | undefined) | undefined;
  /**
   * Whether a number of two digits is shown where the user logs in and must be picked on the
   * device; a wrong pick is a denial. Not with `pending: 'hold'`, which has nowhere to show it.
   * Default `false`.
   */
  numberMatching?: boolean | undefined;
  /** What the device must demand of the user. Default: nothing beyond the device's own settings. */
  policy?: Policy | ((req: any) => Policy | undefined) | undefined;
}

/**
 * Options of `passport.authenticate('launchkey', …)` beside Passport's own.
 */
export interface LaunchKeyAuthenticateOptions extends LoginOptions {
  /**
   * The name to ask for, instead of the one in the request: to have somebody who is logged in
   * already approve a transaction. Given but empty, the call fails with 400.
   */
  username?: string | undefined;
}

/** @ts-ignore: Passport has no types of its own, and not everybody installs the ones it has. */
declare module 'passport' {
  interface AuthenticateOptions extends LaunchKeyAuthenticateOptions {}
}

/** @ts-ignore: only applications on Fastify have it. */
declare module '@fastify/passport/dist/authentication-route' {
  interface AuthenticateOptions extends LaunchKeyAuthenticateOptions {}
}

/** Options of {@link LaunchKeyStrategy}. */
export interface LaunchKeyStrategyOptions extends LaunchKeyClientOptions, LoginOptions {
  /** The name under which Passport knows the strategy. Default `'launchkey'`. */
  name?: string | undefined;
  /**
   * The field that holds the user name, looked up in the body and then in the query; `a[b]` means
   * a field inside a field. Default `'username'`.
   */
  usernameField?: string | undefined;
  /** Whether verify gets the request as its first argument. Default `false`. */
  passReqToCallback?: boolean | undefined;
  /**
   * What the browser gets while the user has not answered.
   *
   * - `'hold'`, the default: the login request stays open until the answer.
   * - `'redirect'`: the browser is sent to `waitUrl`, and the login request without a user name
   *   finishes the login.
   * - `'accept'`: the request fails with 202 at once, for clients that ask again by script.
   *
   * `'redirect'` and `'accept'` need sessions: a login is bound to the session that began it.
   */
  pending?: 'hold' | 'redirect' | 'accept' | undefined;
  /** Where `'redirect'` sends the browser, a path or an http(s) URL; see {@link LaunchKeyStrategy.waiting}. */
  waitUrl?: string | undefined;
  /**
   * How the answer comes. `'poll'`, the default: the engine is asked. `'callback'`: the engine
   * calls, see {@link LaunchKeyStrategy.callback}. `'both'`: whichever is first.
   */
  answers?: 'poll' | 'callback' | 'both' | undefined;
  /**
   * Milliseconds between two polls of an engine that does not hold polls; the pause grows to five
   * times that. Default 1000, at least 100.
   */
  pollInterval?: number | undefined;
  /**
   * For how many whole seconds the engine is asked to hold a poll (RFC 7240, `Prefer: wait`).
   * Default 25; 0 switches it off, 60 is the most.
   */
  longPoll?: number | undefined;
  /**
   * For how many milliseconds an answer is waited for. Default 300,000, which is as long as an
   * auth request lives.
   */
  loginTimeout?: number | undefined;
  /**
   * Whether an answer in an event that the engine did not sign is fetched from the engine before
   * anyone is logged in. Default `true`. This project's engine signs all events, the older ones sign
   * logouts only: switch it off only where nobody but the engine can reach the callback URL.
   */
  confirmCallback?: boolean | undefined;
  /**
   * Whether a user who does not exist, has no device, or was asked too often looks to the browser
   * like one who does not answer. Default `false`: then it is a denial at once, the same for all.
   *
   * For that, a browser that waits sees nothing of the engine but the answer: trouble is waited out
   * and ends as `expired`. To begin a login, or to look at it, takes a quarter of a second.
   */
  concealUsers?: boolean | undefined;
  /**
   * How many logins of one user name may wait for an answer at a time, over all processes that share
   * the store. A further one gets 429 with `retryAfter`, and no push is sent. Default 5.
   */
  maxPendingPerUser?: number | undefined;
  /**
   * How many logins that one browser's session began may wait for an answer at a time, at most 10;
   * further ones as with `maxPendingPerUser`. Not with `'hold'`, which needs no session. Default 5.
   */
  maxPendingPerBrowser?: number | undefined;
  /** Where logins and LaunchKey sessions are kept. Default: a new {@link MemoryStore}. */
  store?: Store | undefined;
}

/** Options of a strategy whose verify gets the request. */
export interface LaunchKeyStrategyOptionsWithRequest extends LaunchKeyStrategyOptions {
  passReqToCallback: true;
}

/** Options of a strategy whose verify does not get the request. */
export interface LaunchKeyStrategyOptionsWithoutRequest extends LaunchKeyStrategyOptions {
  passReqToCallback?: false | undefined;
}

/** How many handles a browser's session keeps of logins that wait; the oldest give way. */
export const MOST_HANDLES = 10;

/** The strategy's own settings, checked and complete. */
export interface StrategySettings extends LoginOptions {
  name: string;
  usernameField: string;
  passReqToCallback: boolean;
  pending: 'hold' | 'redirect' | 'accept';
  waitUrl: string;
  answers: 'poll' | 'callback' | 'both';
  pollInterval: number;
  longPoll: number;
  loginTimeout: number;
  confirmCallback: boolean;
  concealUsers: boolean;
  maxPendingPerUser: number;
  maxPendingPerBrowser: number;
  store: Store;
}

/**
 * Checks the options that are the strategy's own; the client checks the others.
 *
 * @throws ConfigurationError that names the first unusable option.
 */
export function strategySettings(options: LaunchKeyStrategyOptions): StrategySettings {
  const {
    name = 'launchkey',
    usernameField = 'username',
    passReqToCallback = false,
    pending = 'hold',
    waitUrl = '',
    answers = 'poll',
    pollInterval = 1000,
    longPoll = 25,
    loginTimeout = 300_000,
    confirmCallback = true,
    concealUsers = false,
    maxPendingPerUser = 5,
    maxPendingPerBrowser = 5,
    store = defaultStore(),
    authType,
    userPushId = false,
    context,
    policy,
    numberMatching = false,
  } = options;
  nonEmptyString('name', name);
  nonEmptyString('usernameField', usernameField);
  boolean('passReqToCallback', passReqToCallback);
  oneOf('pending', pending, ['hold', 'redirect', 'accept']);
  checkWaitUrl(pending, waitUrl);
  oneOf('answers', answers, ['poll', 'callback', 'both']);
  numberWithin('pollInterval', pollInterval, 100, 60_000, 'milliseconds');
  numberWithin('longPoll', longPoll, 0, 60, 'seconds');
  if (!Number.isInteger(longPoll)) throw wrong('longPoll', 'a whole number of seconds', longPoll);
  numberWithin('loginTimeout', loginTimeout, 1, 3_600_000, 'milliseconds');
  boolean('confirmCallback', confirmCallback);
  boolean('concealUsers', concealUsers);
  wholeNumberWithin('maxPendingPerUser', maxPendingPerUser, 1, 100_000);
  wholeNumberWithin('maxPendingPerBrowser', maxPendingPerBrowser, 1, MOST_HANDLES);
  checkStore(store);
  checkLoginOptions({ authType, userPushId, context, policy, numberMatching }, pending);
  return {
    name,
    usernameField,
    passReqToCallback,
    pending,
    waitUrl,
    answers,
    pollInterval,
    longPoll,
    loginTimeout,
    confirmCallback,
    concealUsers,
    maxPendingPerUser,
    maxPendingPerBrowser,
    store,
    authType,
    userPushId,
    context,
    policy,
    numberMatching,
  };
}

/**
 * Checks the options that may also be given to `passport.authenticate()`.
 *
 * @throws ConfigurationError that names the first unusable option.
 */
export function checkLoginOptions(
  { authType, userPushId, context, policy, numberMatching }: LoginOptions,
  pending: StrategySettings['pending'],
): void {
  if (authType !== undefined) oneOf('authType', authType, ['session', 'transaction']);
  if (userPushId !== undefined) boolean('userPushId', userPushId);
  if (context !== undefined && !['string', 'function'].includes(typeof context)) {
    throw wrong('context', 'a string or a function of the request', context);
  }
  if (typeof context === 'string' && context.length > 400) {
    throw new ConfigurationError(
      'context',
      `must have at most 400 characters, got ${context.length}.`,
    );
  }
  if (numberMatching !== undefined) boolean('numberMatching', numberMatching);
  if (numberMatching && pending === 'hold') {
    throw new ConfigurationError(
      'numberMatching',
      "needs pending: 'redirect' or 'accept', since 'hold' shows the user nothing while waiting.",
    );
  }
  if (
    policy !== undefined &&
    (policy === null || !['object', 'function'].includes(typeof policy))
  ) {
    throw wrong('policy', 'a policy made by policy() or a function of the request', policy);
  }
}

function checkWaitUrl(pending: string, waitUrl: unknown): void {
  const usable =
    typeof waitUrl === 'string' && /^(\/(?!\/)|https?:\/\/)[\x21-\x7e]*$/.test(waitUrl);
  if (pending === 'redirect' && !usable) {
    throw wrong('waitUrl', "a path or an http(s) URL where pending is 'redirect'", waitUrl);
  }
}

function nonEmptyString(option: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') throw wrong(option, 'a non-empty string', value);
}

function boolean(option: string, value: unknown): void {
  if (typeof value !== 'boolean') throw wrong(option, 'true or false', value);
}

function oneOf(option: string, value: unknown, allowed: string[]): void {
  if (!allowed.includes(value as string)) {
    throw wrong(option, `one of ${allowed.map((name) => `'${name}'`).join(', ')}`, value);
  }
}

function numberWithin(
  option: string,
  value: unknown,
  from: number,
  to: number,
  unit: string,
): void {
  if (typeof value !== 'number' || !(value >= from && value <= to)) {
    throw wrong(option, `a number of ${unit} from ${from} to ${to}`, value);
  }
}

function wholeNumberWithin(option: string, value: unknown, from: number, to: number): void {
  if (Number.isInteger(value) && Number(value) >= from && Number(value) <= to) return;
  throw wrong(option, `a whole number from ${from} to ${to}`, value);
}

const STORE_METHODS: (keyof Store)[] = [
  'add',
  'takePlace',
  'leavePlace',
  'get',
  'answer',
  'waitForAnswer',
  'consume',
  'release',
  'openSession',
  'getSession',
  'endSessions',
  'removeSession',
];

function checkStore(store: unknown): void {
  const methods = store as Record<string, unknown> | null;
  const missing = STORE_METHODS.filter((method) => typeof methods?.[method] !== 'function');
  if (missing.length) {
    throw new ConfigurationError(
      'store',
      `must have all methods of a Store; missing: ${missing.join(', ')}.`,
    );
  }
}

function wrong(option: string, expected: string, got: unknown): ConfigurationError {
  const shown =
    typeof got === 'string'
      ? `'${got.slice(0, 40)}'`
      : typeof got === 'object' || typeof got === 'function'
        ? `a ${typeof got}`
        : String(got);
  return new ConfigurationError(option, `must be ${expected}, got ${shown}.`);
}
