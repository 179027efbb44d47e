import { randomBytes } from 'node:crypto';
import type { LaunchKeySessions } from '../login/sessions.js';
import { type LoginRequest, MOST_HANDLES } from '../passport/options.js';
import { lookup } from './field.js';
import { hostError } from './host-error.js';

/** Middleware as {@link LaunchKeyStrategy.session} makes it. */
export type SessionHandler = (req: any, res: any, next: (err?: any) => void) => void;

type LogIn = (...args: any[]) => any;

/** What is kept in a browser's session. Plain data, since session stores serialise it. */
interface Kept {
  /** Handles of the logins that this browser began and has not finished, the newest last. */
  pending: string[];
  /** Handles of the logins that this browser has finished, the newest last. */
  finished: string[];
  /** What this browser's logins are counted by. */
  browser?: string;
  /** The handle of the LaunchKey session that logged this browser in. */
  session?: string;
}

/**
 * What this strategy keeps in the browser's session: which logins the browser began, so that no
 * other browser can finish them, and which LaunchKey session logged it in. Handles, not the
 * engine's tokens: some session stores keep everything in a cookie.
 *
 * Every change assigns a new object: some hosts do not see a change inside one.
 */
export class BrowserSession {
  private readonly key: string;

  constructor(strategyName: string) {
    this.key = `launchkey:${strategyName}`;
  }

  /**
   * The handle of the login that a request means: the one that its field or query parameter
   * `request` names, or else the newest that this browser began.
   */
  meant(req: LoginRequest): string | undefined {
    const named = lookup(req, 'request');
    return typeof named === 'string' && named !== '' ? named : this.read(req).pending.at(-1);
  }

  /** Whether this browser began the login, and has not finished it. */
  began(req: LoginRequest, handle: string): boolean {
    return this.read(req).pending.includes(handle);
  }

  /** Whether this browser has finished the login. */
  hasFinished(req: LoginRequest, handle: string): boolean {
    return this.read(req).finished.includes(handle);
  }

  /** What this browser's logins are counted by: a new name for one that has begun none yet. */
  browser(req: LoginRequest): string {
    return this.read(req).browser ?? randomBytes(16).toString('base64url');
  }

  /** Binds a login to this browser. */
  begin(req: LoginRequest, handle: string, browser: string): void {
    const kept = this.read(req);
    this.write(req, { ...kept, browser, pending: latest(kept.pending, handle) });
  }

  /** The handle of the LaunchKey session that logged this browser in. */
  launchKeySession(req: LoginRequest): string | undefined {
    return this.read(req).session;
  }

  /** Forgets the LaunchKey session. */
  forgetLaunchKeySession(req: LoginRequest): void {
    const { session, ...rest } = this.read(req);
    if (session !== undefined) this.write(req, rest);
  }

  /**
   * Notes, when the user is logged in, that this browser finished the login, and with what
   * LaunchKey session. Not before: Passport makes a new session at that moment, which the logins
   * begun in other tabs must survive; and in some hosts the application calls `logIn` itself, or
   * nobody does.
   */
  finishAtLogIn(req: LoginRequest, handle: string, session: string | undefined): void {
    const host = req as LoginRequest & { logIn?: LogIn; login?: LogIn };
    const logIn = host.logIn ?? host.login;
    if (typeof logIn !== 'function') return;
    const { session: _earlier, ...kept } = this.withFinished(req, handle);
    const after: Kept = session === undefined ? kept : { ...kept, session };
    const wrapped = afterwards(logIn, () => this.write(req, after));
    host.logIn = wrapped;
    host.login = wrapped;
  }

  /** Notes that this browser finished the login, where that logs in nobody. */
  finish(req: LoginRequest, handle: string): void {
    this.write(req, this.withFinished(req, handle));
  }

  private withFinished(req: LoginRequest, handle: string): Kept {
    const kept = this.read(req);
    return {
      ...kept,
      pending: kept.pending.filter((other) => other !== handle),
      finished: latest(kept.finished, handle),
    };
  }

  private read(req: LoginRequest): Kept {
    const kept = req.session?.[this.key] as Partial<Kept> | undefined;
    return {
      pending: strings(kept?.pending),
      finished: strings(kept?.finished),
      ...(typeof kept?.browser === 'string' && { browser: kept.browser }),
      ...(typeof kept?.session === 'string' && { session: kept.session }),
    };
  }

  private write(req: LoginRequest, kept: Kept): void {
    if (req.session) req.session[this.key] = kept;
  }
}

/** `logIn` that is followed by something, unless it fails or makes no session. */
function afterwards(logIn: LogIn, then: () => void): LogIn {
  return function (this: unknown, ...args: any[]) {
    if (args.slice(1).some((arg) => arg?.session === false)) return logIn.apply(this, args);
    const done = args.at(-1);
    if (typeof done === 'function') {
      return logIn.call(this, ...args.slice(0, -1), (error: unknown, ...rest: unknown[]) => {
        if (!error) then();
        done(error, ...rest);
      });
    }
    return Promise.resolve(logIn.apply(this, args)).then((result) => {
      then();
      return result;
    });
  };
}

function latest(handles: string[], handle: string): string[] {
  return [...handles.filter((other) => other !== handle), handle].slice(-MOST_HANDLES);
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/**
 * Ends this browser's login if its LaunchKey session was ended.
 *
 * @returns whether the browser may go on as it is; `false` where it was logged out.
 * @throws what the store throws, or the host's `logout`: then nobody knows, and the request must
 *   not go on.
 */
export async function checkSession(
  req: LoginRequest,
  browserSession: BrowserSession,
  sessions: LaunchKeySessions,
): Promise<boolean> {
  const handle = browserSession.launchKeySession(req);
  if (!handle) return true;
  const { logout } = req as LoginRequest & { logout?: unknown };
  if (typeof logout !== 'function') {
    throw new Error(
      'The request has no logout(): checking the LaunchKey session must come after Passport’s own session handling.',
    );
  }
  if (await sessions.isOpen(handle)) return true;
  await logOut(req, logout as LogOut);
  // Not before: where that fails, the next request must not find a login without an end.
  browserSession.forgetLaunchKeySession(req);
  return false;
}

type LogOut = (done: (error?: unknown) => void) => unknown;

/** Passport's `logout` calls back; the one of @fastify/passport, and the older of Passport, do not. */
function logOut(req: LoginRequest, logout: LogOut): Promise<void> {
  if (logout.length === 0) return Promise.resolve(logout.call(req, () => {})).then(() => {});
  return new Promise((resolve, reject) => {
    logout.call(req, (error) => (error ? reject(error) : resolve()));
  });
}

/** See {@link LaunchKeyStrategy.session}. */
export function sessionHandler(check: (req: LoginRequest) => Promise<boolean>): SessionHandler {
  return (req, _res, next) => {
    check(req).then(
      () => next(),
      (error) => next(hostError(error)),
    );
  };
}
