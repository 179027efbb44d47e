import { ConfigurationError } from '../errors.js';
import { defaultStore } from '../store/memory.js';
import type { Store } from '../store/store.js';
import { MAX_PENDING_HANDLES } from '../web/browser-session.js';
import { type CrossSiteOption, checkCrossSite } from '../web/cross-site.js';
import { checkKnownBrowsers, type KnownBrowsersOption } from '../web/known-browser.js';
import { checkRequester, type RequesterOption } from '../web/requester.js';
import type { LaunchKeyStrategyOptions, LoginOptions } from './options.js';
import type { ResolveUserFunction } from './resolve-user.js';

/** The longest context that the engine accepts, in UTF-16 code units. */
const MAX_CONTEXT_LENGTH = 400;
/** Where `strategy.handler()` serves the waiting page if it is mounted at `/launchkey`. */
const DEFAULT_WAIT_URL = '/launchkey/wait';
/** The number of characters of a wrong value that an error message shows. */
const MAX_SHOWN_LENGTH = 40;

/** The strategy's own options, checked and with defaults. */
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
  resolveUser: ResolveUserFunction | undefined;
  requester: RequesterOption;
  crossSite: CrossSiteOption;
  knownBrowsers: KnownBrowsersOption;
  concealUsers: boolean;
  maxPendingPerUser: number;
  maxPendingPerBrowser: number;
  store: Store;
}

/**
 * Checks the strategy's own options, and adds the defaults. The client checks its own options.
 *
 * @throws ConfigurationError that names the first unusable option.
 */
export function strategySettings(options: LaunchKeyStrategyOptions): StrategySettings {
  const {
    name = 'launchkey',
    usernameField = 'username',
    passReqToCallback = false,
    pending = 'hold',
    waitUrl = DEFAULT_WAIT_URL,
    answers = 'poll',
    pollInterval = 1000,
    longPoll = 25,
    loginTimeout = 300_000,
    confirmCallback = true,
    resolveUser,
    requester = true,
    crossSite = 'refuse',
    knownBrowsers = true,
    concealUsers = false,
    maxPendingPerUser = 5,
    maxPendingPerBrowser = 5,
    store = defaultStore(),
    authType,
    userPushId = false,
    context,
    policy,
    numberMatching = pending === 'redirect' ? 'type' : false,
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
  if (resolveUser !== undefined && typeof resolveUser !== 'function') {
    throw wrong('resolveUser', 'a function of the typed name and the request', resolveUser);
  }
  checkRequester(requester);
  checkCrossSite(crossSite);
  checkKnownBrowsers(knownBrowsers);
  boolean('concealUsers', concealUsers);
  wholeNumberWithin('maxPendingPerUser', maxPendingPerUser, 1, 100_000);
  wholeNumberWithin('maxPendingPerBrowser', maxPendingPerBrowser, 1, MAX_PENDING_HANDLES);
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
    resolveUser,
    requester,
    crossSite,
    knownBrowsers,
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
 * Checks the options that `passport.authenticate()` accepts as well.
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
  if (typeof context === 'string' && context.length > MAX_CONTEXT_LENGTH) {
    throw new ConfigurationError(
      'context',
      `must have at most ${MAX_CONTEXT_LENGTH} characters, got ${context.length}.`,
    );
  }
  checkNumberMatching(numberMatching);
  if (numberMatching && pending === 'hold') {
    throw new ConfigurationError(
      'numberMatching',
      "needs pending: 'redirect' or 'accept'. With 'hold', the browser cannot show the number.",
    );
  }
  if (
    policy !== undefined &&
    (policy === null || !['object', 'function'].includes(typeof policy))
  ) {
    throw wrong('policy', 'a policy made by policy() or a function of the request', policy);
  }
}

function checkNumberMatching(option: unknown): void {
  if (option === undefined || typeof option === 'boolean') return;
  if (option !== 'pick' && option !== 'type') {
    throw wrong('numberMatching', "true, false, 'pick' or 'type'", option);
  }
}

function checkWaitUrl(pending: string, waitUrl: unknown): void {
  const usable =
    typeof waitUrl === 'string' && /^(\/(?!\/)|https?:\/\/)[\x21-\x7e]*$/.test(waitUrl);
  if (pending === 'redirect' && !usable) {
    throw wrong('waitUrl', "a path or an http(s) URL if pending is 'redirect'", waitUrl);
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
      `must implement Store, but these methods are missing: ${missing.join(', ')}.`,
    );
  }
}

function wrong(option: string, expected: string, got: unknown): ConfigurationError {
  const shown =
    typeof got === 'string'
      ? `'${got.slice(0, MAX_SHOWN_LENGTH)}'`
      : typeof got === 'object' || typeof got === 'function'
        ? `a ${typeof got}`
        : String(got);
  return new ConfigurationError(option, `must be ${expected}, got ${shown}.`);
}
