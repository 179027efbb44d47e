import { inspect } from 'node:util';
import { captureActions, type Outcome, PassportStrategy, perform } from './actions.js';
import { LaunchKeyClient } from './client/client.js';
import { ConfigurationError } from './client/errors.js';
import type { EventParameters } from './client/events.js';
import { watchBrowser } from './login/browser.js';
import type { EventOptions, EventResult } from './login/events.js';
import { hold } from './login/hold.js';
import { Logins } from './login/logins.js';
import {
  type AuthResponse,
  type LoginCode,
  type LoginInfo,
  loginInfo,
  refusalOf,
} from './login/verdict.js';
import { askVerify, asThrowable } from './login/verify.js';
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
import type { PendingLogin } from './store/store.js';
import { type CallbackHandler, callbackHandler } from './web/callback.js';
import { lookup } from './web/field.js';
import { BrowserSession, type SessionHandler, sessionHandler } from './web/session.js';

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
  constructor(
    options: LaunchKeyStrategyOptions,
    verify: VerifyFunction | VerifyFunctionWithRequest<any>,
  ) {
    super();
    if (typeof options !== 'object' || options === null) {
      throw new ConfigurationError(
        'options',
        'LaunchKeyStrategy takes its options as first argument and the verify callback as second.',
      );
    }
    if (typeof verify !== 'function') {
      throw new ConfigurationError(
        'verify',
        'LaunchKeyStrategy requires a verify callback as its second argument.',
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
    // The two-argument form keeps the action outside the catch: what the application throws out
    // of it must not lead to a second action.
    this._logIn(req, options).then(
      (outcome) => perform(actions, outcome),
      (error) => actions.error(asThrowable(error)),
    );
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
    return sessionHandler(this._browserSession, this._logins.sessions);
  }

  /**
   * Tells the engine that this browser's LaunchKey session is over. The application still calls
   * `req.logout()` itself, after this.
   *
   * @returns `true` if the engine confirmed it; `false` if there was no LaunchKey session, the
   *   engine does not know it, or is away: then it is told later, in the background.
   */
  async logout(req: LoginRequest): Promise<boolean> {
    const handle = this._browserSession.take(req);
    return handle ? this._logins.sessions.close(handle) : false;
  }

  private async _logIn(req: LoginRequest, options: LaunchKeyAuthenticateOptions): Promise<Outcome> {
    checkLoginOptions(options);
    const username = options.username ?? lookup(req, this._settings.usernameField);
    if (typeof username !== 'string' || username.trim() === '') return failed('missing_username');

    const browser = watchBrowser(req);
    try {
      const session = this._isSession(options);
      const started = await this._start(req, username, session, options);
      if ('code' in started) return { action: 'fail', info: started };
      const verdict = await hold(this._logins, started, browser);
      if (!verdict) return { action: 'none' };
      if (!verdict.approved) return { action: 'fail', info: verdict.info };
      return await this._admit(req, verdict.response, session);
    } finally {
      browser.release();
    }
  }

  private async _start(
    req: LoginRequest,
    username: string,
    session: boolean,
    options: LaunchKeyAuthenticateOptions,
  ): Promise<PendingLogin | LoginInfo> {
    const request = {
      username,
      session,
      userPushId: options.userPushId ?? this._settings.userPushId ?? false,
      context: valueFor(req, options.context ?? this._settings.context),
      policy: valueFor(req, options.policy ?? this._settings.policy),
    };
    try {
      return await this._logins.starter.start(request);
    } catch (error) {
      const info = refusalOf(error);
      if (info) return info;
      throw error;
    }
  }

  /** Asks the application who an approved user is, and lets that user in. */
  private async _admit(
    req: LoginRequest,
    response: AuthResponse,
    session: boolean,
  ): Promise<Outcome> {
    try {
      const { user, info } = await askVerify((done) => this._callVerify(req, response, done));
      if (user) {
        if (session) {
          const { handle } = await this._logins.sessions.open(response);
          this._browserSession.keepAtLogIn(req, handle);
        }
        return {
          action: 'success',
          user,
          info: typeof info === 'string' ? { message: info } : info,
        };
      }
      if (session) await this._logins.sessions.revoke(response.authRequest);
      return { action: 'fail', info: unverified(info) };
    } catch (error) {
      if (session) await this._logins.sessions.revoke(response.authRequest);
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
    return authType ? authType === 'session' : options.session !== false;
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
