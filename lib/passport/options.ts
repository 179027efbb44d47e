import type { LaunchKeyClientOptions } from '../client/client.js';
import type { Policy } from '../client/policy.js';
import type { AuthResponse } from '../login/verdict.js';
import type { MemoryStore } from '../store/memory.js';
import type { Store } from '../store/store.js';
import type { CrossSiteOption } from '../web/cross-site.js';
import type { KnownBrowsersOption } from '../web/known-browser.js';
import type { LoginRequest } from '../web/request.js';
import type { RequesterOption } from '../web/requester.js';
import type { ResolveUserFunction } from './resolve-user.js';

declare global {
  namespace Express {
    // All Passport strategies share this type. Applications merge their own user type into it.
    interface User {}
  }
}

/** The callback by which verify answers: with an error, a user, or `false` for none. */
export type VerifyDone = (
  error: unknown,
  user?: Express.User | false | null,
  info?: object | string,
) => void;

/**
 * The result of verify: nothing if it uses `done`, or a promise of the user, of `[user, info]`, or
 * of `false` or `null` for none. A promise of `undefined` means that verify uses `done`.
 */
export type VerifyResult = void | Promise<
  | Express.User
  | readonly [user: Express.User | false | null, info?: object | string]
  | false
  | null
  | undefined
  | void
>;

/** Maps an approved login to a user of the application. It is called once per approved login. */
export type VerifyFunction = (
  userHash: string,
  response: AuthResponse,
  done: VerifyDone,
) => VerifyResult;

/** A {@link VerifyFunction} whose first argument is the request, for `passReqToCallback: true`. */
export type VerifyFunctionWithRequest<Request extends LoginRequest = LoginRequest> = (
  req: Request,
  userHash: string,
  response: AuthResponse,
  done: VerifyDone,
) => VerifyResult;

/**
 * Options of a login. Each can be given to the strategy, or to one `passport.authenticate()` call.
 */
export interface LoginOptions {
  /**
   * The type of login. `'session'` opens a LaunchKey session, which the user can end on the device;
   * `'transaction'` does not. Default: `'transaction'` for `passport.authenticate()` with
   * `session: false` and for `passport.authorize()`, otherwise `'session'`.
   */
  authType?: 'session' | 'transaction' | undefined;
  /**
   * Whether the engine returns a name to which later requests can be sent. It reaches verify as
   * `response.userPushId`. Default `false`.
   */
  userPushId?: boolean | undefined;
  /**
   * Text that the device shows with the request, or a function that returns it. At most 400 UTF-16
   * code units. Default: none.
   */
  context?: string | ((req: any) => string | undefined) | undefined;
  /**
   * Whether the login shows a number that the user must enter on the device. A wrong number denies
   * the login.
   *
   * - `'type'`: six digits, which the user types on the device. The device is not told them, so a user
   *   who does not see the number cannot approve. Without an engine that knows this (`number_type`
   *   among the `features` of its ping), the login ends in an error.
   * - `'pick'`: two digits, which the user picks from four numbers on the device. A user who picks at
   *   random is right once in four times.
   * - `true`: the same as `'type'`.
   *
   * It needs `pending: 'redirect'` or `'accept'`. Default: `'type'` with `'redirect'`, otherwise
   * `false`.
   */
  numberMatching?: boolean | 'pick' | 'type' | undefined;
  /**
   * What the device requires of the user, made by `policy()`, or a function that returns it.
   * Default: the settings of the device.
   */
  policy?: Policy | ((req: any) => Policy | undefined) | undefined;
}

/** Options of `passport.authenticate('launchkey', …)`, in addition to Passport's own. */
export interface LaunchKeyAuthenticateOptions extends LoginOptions {
  /**
   * The name of the user to ask, in place of the one in the request: for example the user who is
   * logged in and must approve a transaction. If the option is present without a name, the call
   * fails with 400. Default: the field `usernameField` of the request.
   */
  username?: string | undefined;
}

/** @ts-ignore: The types of Passport are a package of their own, which may not be installed. */
declare module 'passport' {
  interface AuthenticateOptions extends LaunchKeyAuthenticateOptions {}
}

/** @ts-ignore: Only applications on Fastify have this package. */
declare module '@fastify/passport/dist/authentication-route' {
  interface AuthenticateOptions extends LaunchKeyAuthenticateOptions {}
}

/** Options of {@link LaunchKeyStrategy}. */
export interface LaunchKeyStrategyOptions extends LaunchKeyClientOptions, LoginOptions {
  /**
   * The name of the strategy in `passport.authenticate()`. Strategies for several applications need
   * different names. Default `'launchkey'`.
   */
  name?: string | undefined;
  /**
   * The field of the user name. It is read from the body, then from the query; `a[b]` means the
   * field `b` inside the field `a`. Default `'username'`.
   */
  usernameField?: string | undefined;
  /** Whether the request is the first argument of verify. Default `false`. */
  passReqToCallback?: boolean | undefined;
  /**
   * The response to the browser while the user has not answered.
   *
   * - `'hold'` (default): the login request stays open until the answer.
   * - `'redirect'`: the browser is redirected to `waitUrl`. The same login request without a user
   *   name finishes the login.
   * - `'accept'`: the login request fails with 202 at once. Clients repeat it without a user name
   *   until the login is finished.
   *
   * `'redirect'` and `'accept'` need sessions, because a login is bound to the session that started
   * it.
   */
  pending?: 'hold' | 'redirect' | 'accept' | undefined;
  /**
   * The path or http(s) URL of the waiting page, with `pending: 'redirect'`; see
   * {@link LaunchKeyStrategy.handler}. Default `'/launchkey/wait'`.
   */
  waitUrl?: string | undefined;
  /**
   * How answers arrive. `'poll'` (default): the application polls the engine. `'callback'`: the
   * engine sends events to {@link LaunchKeyStrategy.callback}. `'both'`: the first of the two
   * counts.
   */
  answers?: 'poll' | 'callback' | 'both' | undefined;
  /**
   * Milliseconds between two polls of an engine that does not hold polls, from 100 to 60,000. The
   * pause grows to five times this value. Default 1000.
   */
  pollInterval?: number | undefined;
  /**
   * Whole seconds for which the engine is asked to hold a poll (RFC 7240, `Prefer: wait`), from 0
   * to 60. 0 switches it off. Default 25.
   */
  longPoll?: number | undefined;
  /**
   * Milliseconds until a login without an answer expires, from 1 to 3,600,000. Default 300,000,
   * which is the lifetime of an auth request.
   */
  loginTimeout?: number | undefined;
  /**
   * Whether the engine must confirm an answer that arrived in an unsigned event. Engines other than
   * this project's sign only logouts. Set it to `false` only if no one but the engine can reach the
   * callback URL. Default `true`.
   */
  confirmCallback?: boolean | undefined;
  /**
   * Finds the user to ask for what was typed, for example for an e-mail address: a function that
   * returns the user's name at the engine, or `{ name, userHash? }`, or a promise of one of these.
   * `null` means an unknown user, and looks like a user whom the engine does not know. If it
   * throws, the login ends in that error.
   *
   * With `userHash`, an approval by another user ends as `'unverified'`, before verify is called.
   * The function is not called for the option `username` of one call. Default: the typed name is
   * the user's name at the engine.
   */
  resolveUser?: ResolveUserFunction | undefined;
  /**
   * What the device shows of the browser that asks, so that the user recognizes the login: `true`
   * for the address that the host calls `req.ip` and the user agent, `false` for nothing, or a
   * function that returns `{ address?, userAgent? }`. An address that is not an IP address is left
   * out. Nothing is sent to an engine that does not know it. Default `true`.
   *
   * Behind a proxy, `req.ip` is the proxy's address until the host trusts the proxy: in Express by
   * `app.set('trust proxy', 1)`.
   */
  requester?: RequesterOption | undefined;
  /**
   * Whether another site may make a browser start, finish or cancel a login here. Default
   * `'refuse'`: such a request fails with 403 and the code `'cross_site'`, because a form on another
   * site could log its visitor in as another user.
   *
   * The header `Sec-Fetch-Site` decides: `same-origin` and `none` are accepted. Without it,
   * `Origin` must name the host in `Host` or `X-Forwarded-Host`. A request with neither header does
   * not come from a browser, and is accepted. `{ origins: ['https://www.example.com'] }` accepts
   * these origins as well; a site behind a proxy that passes on neither host names its own there.
   * `'allow'` accepts every request.
   */
  crossSite?: CrossSiteOption | undefined;
  /**
   * Whether a browser in which a user has logged in before keeps a cookie of 180 days. It logs no
   * one in: the phone shows that the browser is known, and the engine gives its requests limits of
   * their own, which strangers who ask for the same user cannot use up.
   *
   * `true` (default) signs the cookie with a key that is derived from `privateKey`.
   * `{ keys: ['…'] }` signs it with random texts of at least 32 characters, the newest first, so
   * that the cookies outlive a new private key. `false` sets no cookie.
   */
  knownBrowsers?: KnownBrowsersOption | undefined;
  /**
   * Whether a user who does not exist, has no device or was asked too often looks to the browser
   * like one who does not answer. Default `false`: such a login is denied at once, which shows that
   * the user cannot be asked.
   *
   * With `true`, a waiting browser sees nothing of the engine but the answer. Failures of the
   * engine end as `expired`. The start of a login and each look at it take at least a quarter of a
   * second.
   */
  concealUsers?: boolean | undefined;
  /**
   * The maximum number of pending logins of one user name, for all processes that share the store,
   * from 1 to 100,000. A further login fails with 429 and `retryAfter`, and no push is sent.
   * Default 5.
   */
  maxPendingPerUser?: number | undefined;
  /**
   * The maximum number of pending logins of one browser session, from 1 to 10. A further login
   * fails as with `maxPendingPerUser`. It has no effect with `'hold'`, which needs no session.
   * Default 5.
   */
  maxPendingPerBrowser?: number | undefined;
  /** The store for logins and LaunchKey sessions. Default: a new {@link MemoryStore}. */
  store?: Store | undefined;
}

/** Options of a strategy whose verify receives the request. */
export interface LaunchKeyStrategyOptionsWithRequest extends LaunchKeyStrategyOptions {
  passReqToCallback: true;
}

/** Options of a strategy whose verify does not receive the request. */
export interface LaunchKeyStrategyOptionsWithoutRequest extends LaunchKeyStrategyOptions {
  passReqToCallback?: false | undefined;
}
