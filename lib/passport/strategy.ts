import { inspect } from 'node:util';
import { LaunchKeyClient } from '../client/client.js';
import type { EventParameters } from '../client/events.js';
import { ConfigurationError } from '../errors.js';
import type { EventOptions, EventResult } from '../login/events.js';
import { Logins } from '../login/logins.js';
import {
  BrowserSession,
  checkSession,
  type SessionHandler,
  sessionHandler,
} from '../web/browser-session.js';
import { type CallbackHandler, callbackHandler } from '../web/callback.js';
import {
  answerEndpoint,
  checkHandlerOptions,
  type Endpoints,
  type HandlerOptions,
  type LaunchKeyHandler,
  mountedHandler,
} from '../web/handler.js';
import { knownBrowsersOf } from '../web/known-browser.js';
import { type PairingHandler, PairingPage, pairingHandler } from '../web/pairing/handler.js';
import { type PairingOptions, pairingSettings } from '../web/pairing/options.js';
import type { PageReply } from '../web/reply.js';
import type { LoginRequest } from '../web/request.js';
import { SessionBinding } from '../web/session-binding.js';
import {
  type WaitingHandler,
  WaitingPage,
  type WaitingRequest,
  waitingHandler,
} from '../web/waiting/handler.js';
import { type WaitingOptions, waitingSettings } from '../web/waiting/options.js';

import { WaitingWatch } from '../web/waiting-watch.js';
import { captureActions, PassportStrategy } from './actions.js';
import { Attempt, type StrategyParts } from './attempt.js';
import type {
  LaunchKeyAuthenticateOptions,
  LaunchKeyStrategyOptions,
  LaunchKeyStrategyOptionsWithoutRequest,
  LaunchKeyStrategyOptionsWithRequest,
  VerifyFunction,
  VerifyFunctionWithRequest,
} from './options.js';
import { strategySettings } from './settings.js';

/**
 * Logs users in with a push to their phone.
 *
 * `verify` is called once for each approved login and maps its `userHash` to a user. The request
 * ends in Passport's own terms: `success`; `fail` with a {@link LoginInfo} (denied, expired,
 * unverified, no user name, too many requests); or `error` if the engine or the application is at
 * fault. It never ends in `pass`, which some hosts treat as success.
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs';
 * import passport from 'passport';
 * import { LaunchKeyStrategy } from 'passport-launchkey';
 *
 * passport.use(
 *   new LaunchKeyStrategy(
 *     {
 *       apiBaseUrl: 'https://engine.example.com/v1',
 *       appKey: 1234567890,
 *       secretKey: process.env.LAUNCHKEY_SECRET_KEY,
 *       privateKey: readFileSync('private.key'),
 *     },
 *     async (userHash) => (await users.findByUserHash(userHash)) ?? false,
 *   ),
 * );
 * app.post('/login', passport.authenticate('launchkey', { successRedirect: '/' }));
 * ```
 */
export class LaunchKeyStrategy extends PassportStrategy {
  /** The name of the strategy in `passport.authenticate()`. */
  readonly name: string;
  /** The client of the LaunchKey API that the strategy uses. */
  readonly client: LaunchKeyClient;

  // Not `#parts`: Passport calls the strategy through Object.create(), and such copies have no
  // private fields of ECMAScript.
  private readonly _parts: StrategyParts;

  /**
   * @param options - the options of the strategy and of its client.
   * @param verify - maps an approved login to a user of the application.
   * @throws ConfigurationError that names the first missing or unusable option.
   */
  constructor(
    options: LaunchKeyStrategyOptionsWithRequest,
    // The request has the host's type, which only the application knows.
    verify: VerifyFunctionWithRequest<any>,
  );
  constructor(options: LaunchKeyStrategyOptionsWithoutRequest, verify: VerifyFunction);
  // For options whose type does not determine `passReqToCallback`.
  constructor(
    options: LaunchKeyStrategyOptions,
    verify: VerifyFunction | VerifyFunctionWithRequest<LoginRequest>,
  );
  constructor(
    options: LaunchKeyStrategyOptions,
    verify: VerifyFunction | VerifyFunctionWithRequest<any>,
  ) {
    super();
    if (typeof options !== 'object' || options === null) {
      throw new ConfigurationError(
        'options',
        'must be the first argument of LaunchKeyStrategy, and an object.',
      );
    }
    if (typeof verify !== 'function') {
      throw new ConfigurationError(
        'verify',
        'must be the second argument of LaunchKeyStrategy, and a function.',
      );
    }
    const settings = strategySettings(options);
    this.name = settings.name;
    this.client = new LaunchKeyClient(options);
    const logins = new Logins(this.client, settings.store, {
      ...settings,
      poll: settings.answers !== 'callback',
    });
    const browserSession = new BrowserSession(settings.name);
    this._parts = {
      settings,
      verify: verify.bind(this) as StrategyParts['verify'],
      browserSession,
      logins,
      knownBrowsers: knownBrowsersOf(settings.knownBrowsers, {
        appKey: this.client.appKey,
        deriveKey: (purpose) => this.client.deriveKey(purpose),
      }),
      binding: new SessionBinding({ ...logins, browserSession }),
      waitingWatch: new WaitingWatch(logins),
    };
  }

  /**
   * Handles a login request. Passport calls this method.
   *
   * @param req - the host's request.
   * @param options - the options of this `passport.authenticate()` call. All requests share them,
   *   so they are not changed.
   */
  authenticate(req: LoginRequest, options: LaunchKeyAuthenticateOptions = {}): void {
    new Attempt(this._parts, req, options, captureActions(this)).run();
  }

  /**
   * Makes all endpoints of the strategy, as one middleware for Express or Connect. Mount it behind
   * the session, and in front of checks of CSRF tokens. Under its mount path it serves `/callback`
   * (see {@link LaunchKeyStrategy.callback}), `/wait` (see {@link LaunchKeyStrategy.waiting}) and,
   * with `identifier`, `/pair`. Other paths go to `next`.
   *
   * The default of `waitUrl` fits the mount path `/launchkey`.
   *
   * @throws ConfigurationError that names the first unusable option.
   *
   * @example
   * ```ts
   * app.use(passport.session(), strategy.session());
   * app.use('/launchkey', strategy.handler({ successUrl: '/account' }));
   * ```
   */
  handler(options: HandlerOptions = {}): LaunchKeyHandler {
    return mountedHandler(this._endpoints(options));
  }

  /**
   * Answers a request to the endpoints of {@link LaunchKeyStrategy.handler}, in hosts that cannot
   * use it. The last part of the path decides: `callback`, `wait` or `pair`.
   *
   * @returns the response to send; status 404 for another path.
   * @throws ConfigurationError for an unusable option, and if the request for the waiting page has
   *   no session; StoreUnavailableError.
   *
   * @example
   * ```ts
   * fastify.route({
   *   method: ['GET', 'POST'],
   *   url: '/launchkey/*',
   *   handler: async (request, reply) => {
   *     const { status, headers, body } = await strategy.handle(request);
   *     return reply.code(status).headers(headers).send(body);
   *   },
   * });
   * ```
   */
  async handle(req: WaitingRequest, options: HandlerOptions = {}): Promise<PageReply> {
    return answerEndpoint(this._endpoints(options), req);
  }

  /**
   * Makes the endpoint for server-side events, as middleware for Express, Connect or plain `http`.
   * It reads the query and, on POST, a form or JSON body, whether it was parsed before or not. It
   * responds with 200, 400, 404 or 503; see {@link EventResult}.
   *
   * @example
   * ```ts
   * app.all('/launchkey/callback', strategy.callback({
   *   onLogout: (userHash, authRequests) => console.log(`${authRequests.length} sessions ended`),
   * }));
   * ```
   */
  callback(options: EventOptions = {}): CallbackHandler {
    return callbackHandler((params) => this.handleEvent(params, options));
  }

  /**
   * Handles a server-side event in hosts that cannot use {@link LaunchKeyStrategy.callback}.
   *
   * @param params - the parameters of the query and of a form or JSON body.
   * @returns the status to respond with. The promise never rejects.
   *
   * @example
   * ```ts
   * fastify.post('/launchkey/callback', async (request, reply) => {
   *   const { status } = await strategy.handleEvent({ ...request.query, ...request.body });
   *   return reply.code(status).send();
   * });
   * ```
   */
  handleEvent(params: EventParameters, options: EventOptions = {}): Promise<EventResult> {
    return this._parts.logins.inbox.receive(params, options);
  }

  /**
   * Makes middleware that logs the browser out if its LaunchKey session was ended on the device.
   * Put it after `passport.session()`. Errors of {@link LaunchKeyStrategy.checkSession} go to
   * `next`.
   *
   * @example
   * ```ts
   * app.use(passport.session());
   * app.use(strategy.session());
   * ```
   */
  session(): SessionHandler {
    return sessionHandler((req) => this.checkSession(req));
  }

  /**
   * Logs the browser out if its LaunchKey session was ended on the device, in hosts that cannot use
   * {@link LaunchKeyStrategy.session}. The request needs the host's `session` and `logout()`.
   *
   * @returns `false` if the browser was logged out, otherwise `true`.
   * @throws StoreUnavailableError, or the error of the host's `logout`. Then the request must not
   *   go on, because the session may have ended.
   *
   * @example
   * ```ts
   * fastify.addHook('preValidation', async (request) => {
   *   await strategy.checkSession(request);
   * });
   * ```
   */
  checkSession(req: LoginRequest): Promise<boolean> {
    return checkSession(req, this._parts.browserSession, this._parts.logins.sessions);
  }

  /**
   * Binds this browser's session to the LaunchKey session of a login, for applications that do not
   * log in by Passport's `req.logIn()` of the request that was authenticated: Koa with a custom
   * callback, `req.session.userId = …`, tokens. Call it after the login has been written to the
   * session, since Passport starts a new session then. `strategy.session()` and `checkSession()`
   * log the browser out when the user has logged out on the phone.
   *
   * @param req - the host's request. Without a `session`, nothing is written.
   * @param response - the response that verify was given, for example by `[user, response]` as
   *   `req.authInfo`.
   * @returns the handle of the LaunchKey session, for {@link LaunchKeyStrategy.isOpen}. It is not
   *   a secret.
   * @throws ConfigurationError if `response` is something else, or the login is a transaction; StoreUnavailableError; the error of
   *   the session's `save()`.
   *
   * @example
   * ```ts
   * // An API with tokens, whose verify returns [user, response].
   * app.post(
   *   '/login',
   *   passport.authenticate('launchkey', { session: false, authType: 'session' }),
   *   async (req, res) => {
   *     const launchkey = await strategy.bindSession(req, req.authInfo);
   *     res.json({ token: signToken({ user: req.user?.id, launchkey }) });
   *   },
   * );
   * ```
   */
  bindSession(req: LoginRequest, response: object | undefined): Promise<string> {
    return this._parts.binding.bind(req, response);
  }

  /**
   * Whether a LaunchKey session is open, so that a login which was bound to it still counts.
   *
   * @param handle - the result of {@link LaunchKeyStrategy.bindSession}.
   * @returns `false` if the user or the application has ended it, and for an unknown handle.
   * @throws StoreUnavailableError. Then the request must not go on.
   *
   * @example
   * ```ts
   * app.use('/api', async (req, res, next) => {
   *   const { launchkey } = readToken(req.headers.authorization);
   *   if (await strategy.isOpen(launchkey)) next();
   *   else res.sendStatus(401);
   * });
   * ```
   */
  async isOpen(handle: string): Promise<boolean> {
    // A token is what a client sent, so its content may be of any type.
    return typeof handle === 'string' && this._parts.logins.sessions.isOpen(handle);
  }

  /**
   * Makes the waiting page for `pending: 'redirect'`, as middleware for Express or Connect. Mount
   * it behind the session. It shows the status of the login, serves it as JSON to its script, and
   * cancels the login. It does not log the user in: it sends the browser to the login route.
   *
   * @throws ConfigurationError that names the first unusable option.
   *
   * @example
   * ```ts
   * app.use('/login/wait', strategy.waiting({ loginUrl: '/login', successUrl: '/account' }));
   * ```
   */
  waiting(options: WaitingOptions = {}): WaitingHandler {
    return waitingHandler(this._waitingPage(options));
  }

  /**
   * Answers a request for the waiting page, of any method, in hosts that cannot use
   * {@link LaunchKeyStrategy.waiting}. A GET for the status stays open for up to 20 seconds. It
   * ends with status 499 if the browser disconnects.
   *
   * @returns the response to send.
   * @throws ConfigurationError for an unusable option, and if the request has no session;
   *   StoreUnavailableError.
   *
   * @example
   * ```ts
   * fastify.route({
   *   method: ['GET', 'POST'],
   *   url: '/login/wait',
   *   handler: async (request, reply) => {
   *     const { status, headers, body } = await strategy.handleWaiting(request);
   *     return reply.code(status).headers(headers).send(body);
   *   },
   * });
   * ```
   */
  async handleWaiting(req: WaitingRequest, options: WaitingOptions = {}): Promise<PageReply> {
    return this._waitingPage(options).answer(req);
  }

  /**
   * Reports to the engine that this browser's LaunchKey session has ended. The application calls
   * `req.logout()` afterwards.
   *
   * @returns `true` if the engine confirmed it. `false` if there was no LaunchKey session or the
   *   engine does not know it; also if the engine is away or does not answer within 1.5 seconds,
   *   and then it is told in the background.
   * @throws the error of the store. Then nothing has changed, and the call can be repeated.
   *
   * @example
   * ```ts
   * app.post('/logout', (req, res, next) => {
   *   const logOut = () => req.logout((error) => (error ? next(error) : res.redirect('/')));
   *   strategy.logout(req).then(logOut, next);
   * });
   * ```
   */
  async logout(req: LoginRequest): Promise<boolean> {
    const { browserSession, logins } = this._parts;
    const handle = browserSession.launchKeySession(req);
    if (!handle) return false;
    const confirmed = await logins.sessions.close(handle);
    // Afterwards: if the store is out of reach, the next attempt must find the session.
    browserSession.forgetLaunchKeySession(req);
    logins.diagnostics.ended({ by: 'application', logins: [handle] });
    return confirmed;
  }

  /**
   * Makes a page on which a user who is logged in, or has just registered, pairs a phone: QR code,
   * link, code to type, and what to do on an iPhone. It continues by itself when the phone is
   * paired, and lists, renames and unpairs phones. The user is the application's own (white label),
   * named by `identifier`. Mount it behind the session, for Express or Connect.
   *
   * @throws ConfigurationError that names the first unusable option.
   *
   * @example
   * ```ts
   * app.use('/account/phones', strategy.pairing({ identifier: (req) => req.user?.id }));
   * ```
   */
  pairing(options: PairingOptions): PairingHandler {
    return pairingHandler(this._pairingPage(options));
  }

  /**
   * Answers a request for the pairing page, of any method, in hosts that cannot use
   * {@link LaunchKeyStrategy.pairing}.
   *
   * @returns the response to send.
   * @throws ConfigurationError for an unusable option; the errors of
   *   {@link LaunchKeyClient.createWhiteLabelUser} and {@link LaunchKeyClient.whiteLabelDevices}.
   *
   * @example
   * ```ts
   * fastify.route({
   *   method: ['GET', 'POST'],
   *   url: '/account/phones',
   *   handler: async (request, reply) => {
   *     const { status, headers, body } = await strategy.handlePairing(request, {
   *       identifier: (req) => req.user?.id,
   *     });
   *     return reply.code(status).headers(headers).send(body);
   *   },
   * });
   * ```
   */
  async handlePairing(req: WaitingRequest, options: PairingOptions): Promise<PageReply> {
    return this._pairingPage(options).answer(req);
  }

  private _pairingPage(options: PairingOptions): PairingPage {
    return new PairingPage(this.client, pairingSettings(options));
  }

  private _endpoints(options: HandlerOptions): Endpoints {
    const { identifier, pairing, onLogout, ...waiting } = options;
    checkHandlerOptions(options);
    return {
      handleEvent: (params) => this.handleEvent(params, { onLogout }),
      waitingPage: this._waitingPage(waiting),
      pairingPage: identifier && this._pairingPage({ ...pairing, identifier }),
    };
  }

  private _waitingPage(options: WaitingOptions): Pick<WaitingPage, 'answer'> {
    const { logins, browserSession, knownBrowsers, waitingWatch, settings } = this._parts;
    const checked = waitingSettings(options);
    const { crossSite } = settings;
    const page = new WaitingPage(logins, browserSession, checked, crossSite, knownBrowsers);
    return {
      answer: (req) => {
        waitingWatch.served();
        return page.answer(req);
      },
    };
  }

  /** Shows the name and the client, without secrets and internal state. */
  [inspect.custom](): string {
    return `LaunchKeyStrategy { name: '${this.name}', client: ${inspect(this.client)} }`;
  }

  /** Returns the name and the client, without secrets and internal state. */
  toJSON(): object {
    return { name: this.name, client: this.client };
  }
}
