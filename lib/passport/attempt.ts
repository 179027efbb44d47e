import type { RequestingBrowser } from '../client/browser.js';
import { ConfigurationError, NoSuchUserError } from '../errors.js';
import type { Diagnostics } from '../login/diagnostics.js';
import { refusalFor } from '../login/engine-errors.js';
import { holdLogin } from '../login/hold.js';
import type { Logins } from '../login/logins.js';
import { comparableName } from '../login/pending-limits.js';
import type { LoginStart } from '../login/push.js';
import { resumeLogin } from '../login/resume.js';
import type { StartingBrowser } from '../login/start.js';
import {
  type AuthResponse,
  type LoginCode,
  type LoginInfo,
  loginInfo,
  type Verdict,
} from '../login/verdict.js';
import type { PendingLogin } from '../store/store.js';
import type { BrowserSession } from '../web/browser-session.js';
import { watchConnection } from '../web/connection.js';
import { isForeign } from '../web/cross-site.js';
import { onLostResponse } from '../web/delivery.js';
import { hostError } from '../web/host-error.js';
import type { KnownBrowsers } from '../web/known-browser.js';
import { type LoginNote, ownPath } from '../web/login-notes.js';
import { type LoginRequest, readField } from '../web/request.js';
import { requesterOf } from '../web/requester.js';
import { setRetryAfter } from '../web/retry-after.js';
import type { SessionBinding } from '../web/session-binding.js';
import { HeldSession } from '../web/stored-session.js';
import type { WaitingWatch } from '../web/waiting-watch.js';
import { type Outcome, type PassportActions, perform } from './actions.js';
import { kindOf, newNumber, type RepeatedLogin, repeatedLogin } from './login-start.js';
import type { LaunchKeyAuthenticateOptions, LoginOptions, VerifyDone } from './options.js';
import { askResolveUser, normalizeName } from './resolve-user.js';
import { checkLoginOptions, type StrategySettings } from './settings.js';
import { askVerify } from './verify.js';

/** The parts of a strategy that its attempts share. */
export interface StrategyParts {
  settings: StrategySettings;
  verify(...args: unknown[]): unknown;
  logins: Logins;
  browserSession: BrowserSession;
  knownBrowsers: KnownBrowsers | null;
  binding: SessionBinding;
  waitingWatch: WaitingWatch;
}

/** The options of one `passport.authenticate()` call, with those of Passport that matter here. */
export interface AttemptOptions extends LaunchKeyAuthenticateOptions {
  session?: boolean;
  assignProperty?: string;
  failureRedirect?: unknown;
  failureMessage?: unknown;
  failureFlash?: unknown;
}

/** Strangers choose user names, so their length is limited (in UTF-16 code units). */
const MAX_USERNAME_LENGTH = 256;

/** One call of `authenticate()`, from the request to the one action that responds to it. */
export class Attempt {
  private readonly settings: StrategySettings;
  private readonly verify: StrategyParts['verify'];
  private readonly logins: Logins;
  private readonly diagnostics: Diagnostics;
  private readonly browserSession: BrowserSession;
  private readonly knownBrowsers: KnownBrowsers | null;
  private readonly binding: SessionBinding;
  private readonly waitingWatch: WaitingWatch;
  private readonly req: LoginRequest;
  private readonly options: AttemptOptions;
  private readonly actions: PassportActions;
  private readonly connection: ReturnType<typeof watchConnection>;
  /** The browser's session, from the moment at which it may have to wait. */
  private heldSession: HeldSession | undefined;

  /** @param actions - captured from the strategy before this call, see `captureActions`. */
  constructor(
    {
      settings,
      verify,
      logins,
      browserSession,
      knownBrowsers,
      binding,
      waitingWatch,
    }: StrategyParts,
    req: LoginRequest,
    options: AttemptOptions,
    actions: PassportActions,
  ) {
    this.settings = settings;
    this.verify = verify;
    this.logins = logins;
    this.diagnostics = logins.diagnostics;
    this.browserSession = browserSession;
    this.knownBrowsers = knownBrowsers;
    this.binding = binding;
    this.waitingWatch = waitingWatch;
    this.req = req;
    this.options = options;
    this.actions = actions;
    this.connection = watchConnection(req);
  }

  /** Logs the user in, or not, and then calls one action, or none if the browser disconnected. */
  run(): void {
    this.logIn()
      .catch((error): Outcome => {
        this.diagnostics.failed(error);
        return { action: 'error', error: hostError(error) };
      })
      .then(async (outcome) => {
        if (this.writesSession(outcome)) await this.heldSession?.refresh();
        const left = this.connection.closed;
        this.connection.release();
        // An action after another response would throw, outside of every handler.
        if (left) return;
        this.announceRetry(outcome);
        // Outside the promise, an error that no host handles is an uncaught exception, as in other
        // callbacks. Inside, it would be an unhandled rejection, and the browser would wait
        // forever.
        queueMicrotask(() => perform(this.actions, outcome, this.req));
      });
  }

  private async logIn(): Promise<Outcome> {
    const { pending, usernameField } = this.settings;
    checkLoginOptions(this.options, pending);
    if (isForeign(this.req, this.settings.crossSite)) return this.refuse(loginInfo('cross_site'));
    const isGiven = 'username' in this.options;
    const username = isGiven ? this.options.username : readField(this.req, usernameField);
    if (pending !== 'hold' && !isGiven && (username === undefined || username === '')) {
      const repeated = await this.repeated();
      return repeated ? this.begin(repeated.note.name, repeated) : this.resume();
    }
    if (!isUsername(username)) return this.refuse(loginInfo('missing_username'));
    if (this.connection.closed) return { action: 'none' };
    return pending === 'hold' ? this.hold(username) : this.begin(username, null);
  }

  private repeated(): Promise<RepeatedLogin | null> {
    const { logins, browserSession } = this;
    return repeatedLogin(this.req, { logins, browserSession, session: this.opensSession() });
  }

  /** Starts a login that further requests of this browser finish. */
  private async begin(username: string, repeated: RepeatedLogin | null): Promise<Outcome> {
    this.requireSession();
    this.holdSession();
    const { req, browserSession } = this;
    const options = this.startOptions(username, repeated);
    const kind = kindOf(options);
    const name = comparableName(options.username);
    const browserId = browserSession.browserId(req);
    const hasUsedName = browserSession.begunWith(req, (note) => comparableName(note.name) === name);
    const replaces = browserSession.begunWith(req, (note) => note.kind === kind);
    const login = await this.start(options, {
      connection: this.connection,
      id: browserId,
      ownRoom: knownId(options) ?? (hasUsedName.length > 0 ? browserId : undefined),
      replaces,
    });
    if ('action' in login) return repeated ? this.explain(login, repeated.handle) : login;
    const { originalUrl, url } = req as { originalUrl?: unknown; url?: unknown };
    return this.bind(login, browserId, {
      name: options.username,
      kind,
      path: ownPath(originalUrl ?? url),
      repeats: repeated ? repeated.note.repeats + 1 : 0,
      replaces: this.settings.concealUsers ? replaces : [],
    });
  }

  private startOptions(typed: string, repeated: RepeatedLogin | null): LoginStart {
    const { resolveUser } = this.settings;
    const username = normalizeName(typed);
    // A name that the application gave is the engine's already.
    const resolves = resolveUser && !('username' in this.options);
    return {
      username,
      findUser:
        repeated?.findUser ??
        (resolves ? () => askResolveUser(resolveUser, username, this.req) : undefined),
      session: this.opensSession(),
      number: newNumber(this.option('numberMatching')),
      userPushId: this.option('userPushId') ?? false,
      context: repeated ? repeated.context : valueFor(this.req, this.option('context')),
      policy: repeated ? repeated.policy : valueFor(this.req, this.option('policy')),
      browser: this.browserOf(username),
    };
  }

  /** Starts a login. Resolves to an outcome if the login is refused, or its browser has left. */
  private async start(
    options: LoginStart,
    browser: StartingBrowser,
  ): Promise<PendingLogin | Outcome> {
    try {
      return (await this.logins.starter.start(options, browser)) ?? { action: 'none' };
    } catch (error) {
      const info = refusalFor(error);
      if (!info) throw error;
      this.forgetDeleted(options.username, error);
      return this.refuse(info, options.username);
    }
  }

  /** Binds a login to the browser, and tells the browser to wait. */
  private async bind(
    login: PendingLogin,
    browserId: string,
    { replaces, ...note }: LoginNote & { replaces: string[] },
  ): Promise<Outcome> {
    onLostResponse(this.req, () => void this.takeBack(login).catch(() => {}));
    try {
      await this.heldSession?.refresh();
      if (!this.connection.closed) {
        this.browserSession.cancel(this.req, replaces);
        await this.browserSession.begin(this.req, login, browserId, note);
      }
    } catch (error) {
      await this.takeBack(login);
      throw error;
    }
    return this.connection.closed ? this.takeBack(login) : this.stillPending(login);
  }

  /** Cancels a login whose browser left before it could learn of it. */
  private async takeBack(login: PendingLogin): Promise<Outcome> {
    await this.logins.undeliver(login);
    return { action: 'none' };
  }

  /** Returns what the engine is told of the browser. */
  private browserOf(username: string): RequestingBrowser | undefined {
    const requester = requesterOf(this.req, this.settings.requester);
    const recognition = this.knownBrowsers?.recognise(this.req, username);
    return requester || recognition ? { ...requester, ...recognition } : undefined;
  }

  /** Starts a login, and waits for the answer while the request stays open. */
  private async hold(username: string): Promise<Outcome> {
    const { connection } = this;
    this.holdSession();
    const options = this.startOptions(username, null);
    const login = await this.start(options, { connection, ownRoom: knownId(options) });
    if ('action' in login) return login;
    const verdict = await holdLogin(this.logins, login, this.connection);
    return verdict ? this.conclude(login, verdict) : this.disconnect(login);
  }

  private holdSession(): void {
    if (this.req.session) this.heldSession = new HeldSession(this.req);
  }

  /** Continues a login that this browser started before, and finishes it if it has an answer. */
  private async resume(): Promise<Outcome> {
    const { pending, longPoll } = this.settings;
    const handle = this.browserSession.requestedLogin(this.req);
    if (handle === undefined) return fail('missing_username');
    if (this.browserSession.hasCancelled(this.req, handle)) return fail('denied');
    if (!this.browserSession.hasBegun(this.req, handle)) {
      const finished = this.browserSession.hasFinished(this.req, handle);
      return fail(finished ? 'finished' : 'missing_username');
    }
    this.holdSession();
    const maxWaitMs = pending === 'accept' ? longPoll * 1000 : 0;
    const { connection } = this;
    const progress = await resumeLogin(this.logins, handle, { connection, maxWaitMs });
    if (progress.state === 'disconnected') return { action: 'none' };
    if (progress.state === 'unknown') return fail('expired');
    return progress.state === 'ended'
      ? this.conclude(progress.login, progress.verdict)
      : this.stillPending(progress.login);
  }

  /** The waiting page says for how long a login cannot be sent again. */
  private explain(outcome: Outcome, handle: string): Outcome {
    const isLimited = outcome.action === 'fail' && outcome.info.code === 'rate_limited';
    if (!isLimited || this.settings.pending !== 'redirect') return outcome;
    return this.toWaitingPage({ request: handle, wait: String(outcome.info.retryAfter ?? 60) });
  }

  private toWaitingPage(query: Record<string, string>): Outcome {
    const { waitUrl } = this.settings;
    const url = `${waitUrl}${waitUrl.includes('?') ? '&' : '?'}${new URLSearchParams(query)}`;
    return { action: 'redirect', url };
  }

  private stillPending(login: PendingLogin): Outcome {
    const { handle, expiresAt, number } = login;
    if (this.settings.pending === 'redirect') {
      this.waitingWatch.expect(login, this.settings.waitUrl);
      return this.toWaitingPage({ request: handle });
    }
    const info = { ...loginInfo('pending'), request: handle, expiresAt: new Date(expiresAt) };
    return { action: 'fail', info: number === undefined ? info : { ...info, number } };
  }

  private async conclude(login: PendingLogin, verdict: Verdict): Promise<Outcome> {
    if (verdict.approved) return this.admit(login, verdict.response);
    const { info } = verdict;
    // Other refusals result from an answer, and were published when it was evaluated.
    if (info.code === 'expired') this.diagnostics.finished(login, 'expired');
    await this.forgetReported(login, info);
    return { action: 'fail', info };
  }

  /** A browser whose request was reported as fraud is no longer known to this user. */
  private async forgetReported({ handle, username }: PendingLogin, { code }: LoginInfo) {
    if (code !== 'denied' || !this.knownBrowsers?.recognise(this.req, username)?.known) return;
    const login = await this.logins.get(handle);
    if (login?.answer?.reason === 'fraudulent') this.knownBrowsers.forget(this.req, username);
  }

  /** With `concealUsers`, a changed cookie would tell that the user is gone. */
  private forgetDeleted(username: string, error: unknown): void {
    if (!(error instanceof NoSuchUserError) || this.settings.concealUsers) return;
    this.knownBrowsers?.forget(this.req, username);
  }

  /** Asks the application for the user of an approved login, and logs that user in. */
  private async admit(login: PendingLogin, response: AuthResponse): Promise<Outcome> {
    const { handle, session } = login;
    const { sessions } = this.logins;
    try {
      const { user, info } = await askVerify((done) => this.callVerify(response, done));
      if (!user) {
        if (session) await sessions.close(handle);
        this.diagnostics.finished(login, 'unverified');
        return { action: 'fail', info: unverified(info) };
      }
      // The user may have logged out on the device while verify was running.
      if (session && !(await sessions.isOpen(handle))) {
        this.diagnostics.finished(login, 'denied');
        return fail('denied');
      }
      await this.heldSession?.refresh();
      if (!this.connection.closed) await this.rememberFinish(login);
      if (this.connection.closed) {
        if (session) await sessions.close(handle);
        return this.disconnect(login);
      }
      this.diagnostics.finished(login, 'approved', response.userHash);
      return { action: 'success', user, info: typeof info === 'string' ? { message: info } : info };
    } catch (error) {
      if (session) await sessions.close(handle);
      throw error;
    }
  }

  private callVerify(response: AuthResponse, done: VerifyDone): unknown {
    const { userHash } = response;
    return this.settings.passReqToCallback
      ? this.verify(this.req, userHash, response, done)
      : this.verify(userHash, response, done);
  }

  private async rememberFinish(login: PendingLogin): Promise<void> {
    const { handle, session } = login;
    if (session) this.binding.expect(login, this.req);
    if (!this.logsIn()) return this.browserSession.finish(this.req, handle);
    this.knownBrowsers?.remember(this.req, login.username);
    const opened = session ? handle : undefined;
    this.browserSession.finishAtLogIn(this.req, handle, opened, async () => {
      this.diagnostics.finished(login, 'left');
      if (session) await this.logins.sessions.close(handle);
    });
  }

  private refuse(info: LoginInfo, username?: string): Outcome {
    this.diagnostics.refused(info, username);
    return { action: 'fail', info };
  }

  private disconnect(login: PendingLogin): Outcome {
    this.diagnostics.finished(login, 'left');
    return { action: 'none' };
  }

  /** Whether Passport writes to the session because of a failure. */
  private writesSession({ action }: Outcome): boolean {
    const { failureMessage, failureFlash } = this.options;
    return action === 'fail' && Boolean(failureMessage || failureFlash);
  }

  /** On a redirect, `Retry-After` has another meaning (RFC 9110, section 10.2.3). */
  private announceRetry(outcome: Outcome): void {
    if (outcome.action !== 'fail' || this.options.failureRedirect) return;
    const { retryAfter } = outcome.info;
    if (retryAfter !== undefined) setRetryAfter(this.req, retryAfter);
  }

  /** Without a session, the login could not be bound to the browser that started it. */
  private requireSession(): void {
    if (this.req.session) return;
    throw new ConfigurationError(
      'pending',
      `is '${this.settings.pending}', which needs sessions, but the request has no session. Put session middleware in front of the login route.`,
    );
  }

  /** The option of this call, or else of the strategy. */
  private option<Name extends keyof LoginOptions>(name: Name): LoginOptions[Name] {
    return this.options[name] ?? this.settings[name];
  }

  private opensSession(): boolean {
    const authType = this.option('authType');
    return authType ? authType === 'session' : this.options.session !== false && this.logsIn();
  }

  /** `passport.authorize()` stores the user in a property of the request, and does not log in. */
  private logsIn(): boolean {
    return this.options.assignProperty === undefined;
  }
}

/** Names a browser in which the user has logged in before. */
function knownId({ browser }: LoginStart): string | undefined {
  return browser?.known ? browser.id : undefined;
}

function isUsername(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= MAX_USERNAME_LENGTH;
}

function fail(code: LoginCode): Outcome {
  return { action: 'fail', info: loginInfo(code) };
}

/** The application's own info, with the strategy's code and status. */
function unverified(info: object | string | undefined): LoginInfo {
  const own = typeof info === 'string' ? { message: info } : info;
  return { ...loginInfo('unverified'), ...own, code: 'unverified', status: 401 };
}

function valueFor<T>(req: LoginRequest, value: T | ((req: LoginRequest) => T)): T {
  return typeof value === 'function' ? (value as (req: LoginRequest) => T)(req) : value;
}
