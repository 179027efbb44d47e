import { randomInt } from 'node:crypto';
import { inspect } from 'node:util';
import { LaunchKeyClient } from '../client/client.js';
import type { EventParameters } from '../client/events.js';
import { ConfigurationError } from '../errors.js';
import { type Browser, watchBrowser } from '../login/browser.js';
import type { EventOptions, EventResult } from '../login/events.js';
import { hold } from '../login/hold.js';
import { Logins } from '../login/logins.js';
import { resumeLogin } from '../login/resume.js';
import {
  type AuthResponse,
  type LoginCode,
  type LoginInfo,
  loginInfo,
  refusalOf,
  type Verdict,
} from '../login/verdict.js';
import type { PendingLogin } from '../store/store.js';
import {
  BrowserSession,
  checkSession,
  type SessionHandler,
  sessionHandler,
} from '../web/browser-session.js';
import { type CallbackHandler, callbackHandler } from '../web/callback.js';
import { lookup } from '../web/field.js';
import { hostError } from '../web/host-error.js';
import { setRetryAfter } from '../web/retry-after.js';
import {
  type WaitingHandler,
  WaitingPage,
  type WaitingRequest,
  waitingHandler,
} from '../web/waiting/handler.js';
import { type WaitingOptions, waitingSettings } from '../web/waiting/options.js';
import type { WaitingReply } from '../web/waiting/reply.js';
import { captureActions, type Outcome, PassportStrategy, perform } from './actions.js';
import {
  checkLoginOptions,
  type LaunchKeyAuthenticateOptions,
  type LaunchKeyStrategyOptions,
  type LaunchKeyStrategyOptionsWithoutRequest,
  type LaunchKeyStrategyOptionsWithRequest,
  type LoginRequest,
  type StrategySettings,
  strategySettings,
  type VerifyDone,
  type VerifyFunction,
  type VerifyFunctionWithRequest,
} from './options.js';
import { askVerify } from './verify.js';

/**
 * Logs users in with a push to their phone.
 *
 * ```ts
 * passport.use(
 *   new LaunchKeyStrategy(
 *     { apiBaseUrl, appKey, secretKey, privateKey },
 *     async (userHash) => (await users.findByUserHash(userHash)) ?? false,
 *   ),
 * );
 * app.post('/login', passport.authenticate('launchkey', { successRedirect: '/' }));
 * ```
 *
 * `verify` is called once for each approved login and maps its `userHash` to a user. The request
 * ends in Passport's own terms: `success`, `fail` with a {@link LoginInfo} (denied, expired,
 * unverified, no user name, too many requests), or `error` where the engine or the application
 * is at fault. It never ends in `pass`.
 */
export class LaunchKeyStrategy extends PassportStrategy {
  /** The name under which Passport knows the strategy. */
  readonly name: string;
  /** The client of the LaunchKey API that the strategy uses. */
  readonly client: LaunchKeyClient;

  // Not `#private`: Passport calls the strategy through Object.create(), which has no such fields.
  private readonly _settings: StrategySettings;
  private readonly _verify: (...args: unknown[]) => unknown;
  private readonly _logins: Logins;
  private readonly _browserSession: BrowserSession;

  /**
   * @throws ConfigurationError that names the option, for anything missing or unusable.
   */
  constructor(
    options: LaunchKeyStrategyOptionsWithRequest,
    // The request is the host's own type, which only the application knows.
    verify: VerifyFunctionWithRequest<any>,
  );
  constructor(options: LaunchKeyStrategyOptionsWithoutRequest, verify: VerifyFunction);
  // For options whose type leaves `passReqToCallback` open, such as those that a function was given.
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
    this._settings = settings;
    this._verify = verify as (...args: unknown[]) => unknown;
    this._browserSession = new BrowserSession(settings.name);
    this._logins = new Logins(this.client, settings.store, {
      ...settings,
      poll: settings.answers !== 'callback',
    });
  }

  /**
   * Called by Passport for each request.
   *
   * @param req - the host's request.
   * @param options - the options of this `passport.authenticate()` call; they are only read.
   */
  authenticate(req: LoginRequest, options: LaunchKeyAuthenticateOptions = {}): void {
    const actions = captureActions(this);
    this._logIn(req, options)
      .catch((error): Outcome => {
        this._logins.diagnostics.failed(error);
        return { action: 'error', error: hostError(error) };
      })
      .then((outcome) => {
        setRetryAfter(req, options, outcome);
        // Not in the promise: what nobody handles is to be an uncaught exception, as it is in any
        // other callback, and no rejection that leaves the browser waiting.
        queueMicrotask(() => perform(actions, outcome, req));
      });
  }

  /**
   * The endpoint for server-side events, as middleware of Express, Connect or plain `http`:
   * `app.all('/launchkey/callback', strategy.callback())`. It reads the query and, on POST, a form
   * or JSON body, parsed or not, and answers 200, 400, 404 or 503.
   */
  callback(options: EventOptions = {}): CallbackHandler {
    return callbackHandler((params) => this.handleEvent(params, options));
  }

  /**
   * Does what {@link LaunchKeyStrategy.callback} does, for any other host: takes the event's
   * parameters and resolves to the status to answer with. It never rejects.
   */
  handleEvent(params: EventParameters, options: EventOptions = {}): Promise<EventResult> {
    return this._logins.inbox.receive(params, options);
  }

  /**
   * Middleware that ends this browser's login when its LaunchKey session was ended on the device.
   * Put it after `passport.session()`.
   */
  session(): SessionHandler {
    return sessionHandler((req) => this.checkSession(req));
  }

  /**
   * Does what {@link LaunchKeyStrategy.session} does, for any other host: logs this browser out if
   * its LaunchKey session was ended on the device. It needs the host's `req.session` and
   * `req.logout()`.
   *
   * @returns `false` if it logged the browser out, otherwise `true`.
   * @throws StoreUnavailableError, or what the host's `logout` throws; the request must then not
   *   go on, since nobody knows whether it may.
   */
  checkSession(req: LoginRequest): Promise<boolean> {
    return checkSession(req, this._browserSession, this._logins.sessions);
  }

  /**
   * The page that a browser waits on with `pending: 'redirect'`, as middleware of Express or
   * Connect, behind the session's: `app.use('/login/wait', strategy.waiting())`. It shows how far
   * the login is, gives the same as JSON to its script, and cancels. It logs nobody in: it sends
   * the browser to the login route for that.
   *
   * @throws ConfigurationError that names the option, for anything unusable.
   */
  waiting(options: WaitingOptions = {}): WaitingHandler {
    return waitingHandler(this._waitingPage(options));
  }

  /**
   * Does what {@link LaunchKeyStrategy.waiting} does, for any other host: takes a request for the
   * waiting page, whatever its method, and resolves to the answer to send. A GET for the status is
   * held for up to 20 seconds, and ends with status 499 when the browser leaves: nobody reads it.
   *
   * @throws ConfigurationError for anything unusable, and where the request has no session;
   *   StoreUnavailableError.
   */
  async handleWaiting(req: WaitingRequest, options: WaitingOptions = {}): Promise<WaitingReply> {
    return this._waitingPage(options).answer(req);
  }

  /**
   * Tells the engine that this browser's LaunchKey session is over. The application still calls
   * `req.logout()` itself, after this.
   *
   * @returns `true` if the engine confirmed it; `false` if there was no LaunchKey session, the
   *   engine does not know it, is away, or has not answered within 1.5 seconds: then it is told
   *   later, in the background.
   * @throws what the store throws; then nothing has changed, and it can be called again.
   */
  async logout(req: LoginRequest): Promise<boolean> {
    const handle = this._browserSession.launchKeySession(req);
    if (!handle) return false;
    const told = await this._logins.sessions.close(handle);
    // Not before: where the store is out of reach, the next try must find it.
    this._browserSession.forgetLaunchKeySession(req);
    this._logins.diagnostics.ended({ by: 'application', logins: [handle] });
    return told;
  }

  private _waitingPage(options: WaitingOptions): WaitingPage {
    return new WaitingPage(this._logins, this._browserSession, waitingSettings(options));
  }

  private async _logIn(req: LoginRequest, options: LaunchKeyAuthenticateOptions): Promise<Outcome> {
    const { pending, usernameField } = this._settings;
    checkLoginOptions(options, pending);
    const username = 'username' in options ? options.username : lookup(req, usernameField);
    const browser = watchBrowser(req);
    try {
      const none = username === undefined || username === '';
      if (pending !== 'hold' && none && !('username' in options)) {
        return await this._resume(req, options, browser);
      }
      if (!isUsername(username)) {
        const info = loginInfo('missing_username');
        this._logins.diagnostics.refused(info);
        return { action: 'fail', info };
      }
      if (browser.gone) return { action: 'none' };
      if (pending === 'hold') {
        const login = await this._start(req, username, options);
        if ('code' in login) return { action: 'fail', info: login };
        return await this._hold(req, login, options, browser);
      }
      return await this._beginWaiting(req, username, options);
    } finally {
      browser.release();
    }
  }

  private async _hold(
    req: LoginRequest,
    login: PendingLogin,
    options: LaunchKeyAuthenticateOptions,
    browser: Browser,
  ): Promise<Outcome> {
    const verdict = await hold(this._logins, login, browser);
    return verdict ? this._conclude(req, login, verdict, options, browser) : this._left(login);
  }

  private async _beginWaiting(
    req: LoginRequest,
    username: string,
    options: LaunchKeyAuthenticateOptions,
  ): Promise<Outcome> {
    this._mustHaveSession(req);
    const browser = this._browserSession.browser(req);
    const login = await this._start(req, username, options, browser);
    if ('code' in login) return { action: 'fail', info: login };
    this._browserSession.begin(req, login.handle, browser);
    return this._stillPending(login);
  }

  /** Takes up the login that this browser began before, and finishes it if there is an answer. */
  private async _resume(
    req: LoginRequest,
    options: LaunchKeyAuthenticateOptions,
    browser: Browser,
  ): Promise<Outcome> {
    const { pending, longPoll } = this._settings;
    const handle = this._browserSession.meant(req);
    if (handle === undefined) return failed('missing_username');
    if (!this._browserSession.began(req, handle)) {
      const finished = this._browserSession.hasFinished(req, handle);
      return failed(finished ? 'finished' : 'missing_username');
    }
    const patience = pending === 'accept' ? longPoll * 1000 : 0;
    const progress = await resumeLogin(this._logins, handle, patience, browser);
    if (progress.state === 'left') return { action: 'none' };
    if (progress.state === 'unknown') return failed('expired');
    return progress.state === 'over'
      ? this._conclude(req, progress.login, progress.verdict, options, browser)
      : this._stillPending(progress.login);
  }

  private _stillPending({ handle, expiresAt, number }: PendingLogin): Outcome {
    const { pending, waitUrl } = this._settings;
    if (pending === 'redirect') {
      const url = `${waitUrl}${waitUrl.includes('?') ? '&' : '?'}request=${handle}`;
      return { action: 'redirect', url };
    }
    const info = { ...loginInfo('pending'), request: handle, expiresAt: new Date(expiresAt) };
    return { action: 'fail', info: number === undefined ? info : { ...info, number } };
  }

  private async _conclude(
    req: LoginRequest,
    login: PendingLogin,
    verdict: Verdict,
    options: LaunchKeyAuthenticateOptions,
    browser: Browser,
  ): Promise<Outcome> {
    if (verdict.approved) return this._admit(req, login, verdict.response, options, browser);
    const { info } = verdict;
    // Other refusals come of an answer, and were told when that was evaluated.
    if (info.code === 'expired') this._logins.diagnostics.finished(login, 'expired');
    return { action: 'fail', info };
  }

  private _left(login: PendingLogin): Outcome {
    this._logins.diagnostics.finished(login, 'left');
    return { action: 'none' };
  }

  /** Without a session, a login could not be bound to the browser that began it. */
  private _mustHaveSession(req: LoginRequest): void {
    if (req.session) return;
    throw new ConfigurationError(
      'pending',
      `is '${this._settings.pending}', which needs sessions: put session middleware in front of the login route.`,
    );
  }

  private async _start(
    req: LoginRequest,
    username: string,
    options: LaunchKeyAuthenticateOptions,
    browser?: string,
  ): Promise<PendingLogin | LoginInfo> {
    const matching = options.numberMatching ?? this._settings.numberMatching;
    const request = {
      username,
      session: this._isSession(options),
      number: matching ? randomInt(10, 100) : undefined,
      userPushId: options.userPushId ?? this._settings.userPushId ?? false,
      context: valueFor(req, options.context ?? this._settings.context),
      policy: valueFor(req, options.policy ?? this._settings.policy),
    };
    try {
      const login = await this._logins.starter.start(request, browser);
      this._logins.diagnostics.started(login);
      return login;
    } catch (error) {
      const info = refusalOf(error);
      if (info) {
        this._logins.diagnostics.refused(info, username);
        return info;
      }
      throw error;
    }
  }

  /** Asks the application who an approved user is, and lets that user in. */
  private async _admit(
    req: LoginRequest,
    login: PendingLogin,
    response: AuthResponse,
    options: LaunchKeyAuthenticateOptions,
    browser: Browser,
  ): Promise<Outcome> {
    const { handle, session } = login;
    const { diagnostics } = this._logins;
    try {
      const { user, info } = await askVerify((done) => this._callVerify(req, response, done));
      if (!user) {
        if (session) await this._logins.sessions.close(handle);
        diagnostics.finished(login, 'unverified');
        return { action: 'fail', info: unverified(info) };
      }
      if (browser.gone) {
        if (session) await this._logins.sessions.close(handle);
        return this._left(login);
      }
      // The user may have logged out on the device while verify was at work.
      if (session && !(await this._logins.sessions.isOpen(handle))) {
        diagnostics.finished(login, 'denied');
        return failed('denied');
      }
      diagnostics.finished(login, 'approved', response.userHash);
      if (logsIn(options)) {
        this._browserSession.finishAtLogIn(req, handle, session ? handle : undefined);
      } else {
        this._browserSession.finish(req, handle);
      }
      return {
        action: 'success',
        user,
        info: typeof info === 'string' ? { message: info } : info,
      };
    } catch (error) {
      if (session) await this._logins.sessions.close(handle);
      throw error;
    }
  }

  private _callVerify(req: LoginRequest, response: AuthResponse, done: VerifyDone): unknown {
    return this._settings.passReqToCallback
      ? this._verify(req, response.userHash, response, done)
      : this._verify(response.userHash, response, done);
  }

  private _isSession(options: LaunchKeyAuthenticateOptions & { session?: boolean }): boolean {
    const authType = options.authType ?? this._settings.authType;
    return authType ? authType === 'session' : options.session !== false && logsIn(options);
  }

  /** Shows what identifies the strategy and nothing that it keeps. */
  [inspect.custom](): string {
    return `LaunchKeyStrategy { name: '${this.name}', client: ${inspect(this.client)} }`;
  }

  /** See {@link LaunchKeyStrategy[inspect.custom]}; the same for `JSON.stringify`. */
  toJSON(): object {
    return { name: this.name, client: this.client };
  }
}

/** The longest user name that is passed on, in UTF-16 units; strangers type them. */
const LONGEST_USERNAME = 256;

function isUsername(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= LONGEST_USERNAME;
}

/** `passport.authorize()` names whom it found in a property of the request, and logs in nobody. */
function logsIn(options: LaunchKeyAuthenticateOptions & { assignProperty?: string }): boolean {
  return options.assignProperty === undefined;
}

function failed(code: LoginCode): Outcome {
  return { action: 'fail', info: loginInfo(code) };
}

/** The application's own reason, under the strategy's code. */
function unverified(info: object | string | undefined) {
  const own = typeof info === 'string' ? { message: info } : info;
  return { ...loginInfo('unverified'), ...own, code: 'unverified' as const, status: 401 };
}

function valueFor<T>(req: LoginRequest, value: T | ((req: LoginRequest) => T)): T {
  return typeof value === 'function' ? (value as (req: LoginRequest) => T)(req) : value;
}
