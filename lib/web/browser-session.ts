import { randomBytes } from 'node:crypto';
import type { LaunchKeySessions } from '../login/sessions.js';
import type { PendingLogin } from '../store/store.js';
import { hostError } from './host-error.js';
import { isAnswered } from './host-response.js';
import { giveLoginCookie, hasLoginCookie } from './login-cookie.js';
import { type LoginNote, readNotes } from './login-notes.js';
import { type LoginRequest, readField } from './request.js';
import { renewSession, saveSession } from './stored-session.js';

/** A browser session keeps this many handles of pending and of finished logins, the newest. */
export const MAX_PENDING_HANDLES = 10;

/** Middleware that {@link LaunchKeyStrategy.session} returns. */
export type SessionHandler = (req: any, res: any, next: (err?: any) => void) => void;

type LogIn = (...args: any[]) => any;

/** The strategy's data in a browser session. Plain data, because session stores serialise it. */
interface SessionData {
  /** Handles of the logins that this browser began and has not finished, the newest last. */
  pending: string[];
  /**
   * For a pending login, the hash of the secret in the cookie of the browser that began it. Others
   * may have planted the session's cookie. Missing if the host gives no access to its response.
   */
  proofs?: Record<string, string>;
  /** Handles of the logins that this browser has finished, the newest last. */
  finished: string[];
  /** Handles of the logins that this browser has cancelled, with `concealUsers`, the newest last. */
  cancelled: string[];
  /** Notes on pending and cancelled logins, by handle. */
  notes: Record<string, LoginNote>;
  /** The id by which the pending logins of this browser are limited. */
  browser?: string;
  /** The handle of the LaunchKey session that logged this browser in. */
  session?: string;
}

/**
 * Reads and writes the strategy's data in the browser session: the logins that the browser began,
 * so that no other browser can finish them, and the LaunchKey session that logged it in. The data
 * holds handles and not the engine's tokens, because some session stores keep it in a cookie.
 *
 * Every change assigns a new object, because some hosts do not notice a change inside an object.
 */
export class BrowserSession {
  /** Called when a session of a browser is bound to a LaunchKey session. */
  onBound: (handle: string) => void = () => {};
  private readonly key: string;

  constructor(strategyName: string) {
    this.key = `launchkey:${strategyName}`;
  }

  /**
   * Returns the handle of the login that a request is about: its field or query parameter
   * `request`, or else the newest login that this browser began.
   */
  requestedLogin(req: LoginRequest): string | undefined {
    const handle = readField(req, 'request');
    return typeof handle === 'string' && handle !== '' ? handle : this.newestLogin(req);
  }

  /** Whether this browser began the login, and has not finished it. */
  hasBegun(req: LoginRequest, handle: string): boolean {
    const { pending, proofs = {} } = this.read(req);
    if (!pending.includes(handle)) return false;
    const proof = proofs[handle];
    return proof === undefined || hasLoginCookie(req, handle, proof);
  }

  /** Returns the handle of the newest login that this browser began and has not finished. */
  private newestLogin(req: LoginRequest): string | undefined {
    const { pending } = this.read(req);
    return pending.findLast((handle) => this.hasBegun(req, handle));
  }

  /** Whether this browser has finished the login. */
  hasFinished(req: LoginRequest, handle: string): boolean {
    return this.read(req).finished.includes(handle);
  }

  /** Returns the id of this browser, which is a new one if it has begun no login yet. */
  browserId(req: LoginRequest): string {
    return this.read(req).browser ?? randomBytes(16).toString('base64url');
  }

  /**
   * Binds a login to this browser.
   *
   * @throws the error of the session store.
   */
  async begin(
    req: LoginRequest,
    login: PendingLogin,
    browserId: string,
    note: LoginNote,
  ): Promise<void> {
    const { handle } = login;
    const proof = giveLoginCookie(req, login);
    if (proof === undefined) await renewSession(req);
    const data = this.read(req);
    this.write(req, {
      ...data,
      browser: browserId,
      pending: latest(data.pending, handle),
      proofs: { ...data.proofs, ...(proof !== undefined && { [handle]: proof }) },
      notes: { ...data.notes, [handle]: note },
    });
    await saveSession(req);
  }

  /** Records that this browser has cancelled a login, or started another in its place. */
  cancel(req: LoginRequest, handles: readonly string[]): void {
    const data = this.read(req);
    const own = handles.filter((handle) => data.pending.includes(handle));
    if (own.length === 0) return;
    const pending = data.pending.filter((handle) => !own.includes(handle));
    this.write(req, { ...data, pending, cancelled: own.reduce(latest, data.cancelled) });
  }

  /** Whether {@link BrowserSession.cancel} has recorded this login. */
  hasCancelled(req: LoginRequest, handle: string): boolean {
    return this.read(req).cancelled.includes(handle);
  }

  /** Returns the note on a login that this browser began and has not finished. */
  noteOf(req: LoginRequest, handle: string): LoginNote | undefined {
    const isOwn = this.hasBegun(req, handle) || this.hasCancelled(req, handle);
    return isOwn ? this.read(req).notes[handle] : undefined;
  }

  /** Returns the handles of unfinished logins whose note passes the test. */
  begunWith(req: LoginRequest, test: (note: LoginNote) => boolean): string[] {
    const { pending, notes } = this.read(req);
    return pending.filter(
      (handle) => notes[handle] && test(notes[handle]) && this.hasBegun(req, handle),
    );
  }

  /** Returns the handle of the login that the waiting page shows if it is asked for none. */
  shownLogin(req: LoginRequest): string | undefined {
    const { cancelled, finished } = this.read(req);
    return this.newestLogin(req) ?? cancelled.at(-1) ?? finished.at(-1);
  }

  /** Returns the handle of the LaunchKey session that logged this browser in. */
  launchKeySession(req: LoginRequest): string | undefined {
    return this.read(req).session;
  }

  /** Removes the LaunchKey session. */
  forgetLaunchKeySession(req: LoginRequest): void {
    const { session, ...rest } = this.read(req);
    if (session !== undefined) this.write(req, rest);
  }

  /**
   * Records at log-in that this browser finished the login, and with which LaunchKey session. Not
   * before: Passport regenerates the session then, and the logins of other tabs must survive. In
   * some hosts the application calls `logIn` itself, or does not call it.
   *
   * @param onLeft - called if other code has responded while the user was logged in, which is
   *   undone then.
   */
  finishAtLogIn(
    req: LoginRequest,
    handle: string,
    session: string | undefined,
    onLeft: () => Promise<unknown>,
  ): void {
    const host = req as LoginRequest & { logIn?: LogIn; login?: LogIn };
    const logIn = host.logIn ?? host.login;
    if (typeof logIn !== 'function') return;
    const wrapped = runAround(logIn, () => {
      const { session: _previous, ...rest } = this.withFinished(req, handle);
      const begunBefore = isAnswered(req);
      return async () => {
        this.write(req, session === undefined ? rest : { ...rest, session });
        await saveSession(req);
        if (begunBefore || !isAnswered(req)) return true;
        await Promise.allSettled([onLeft(), logOutIfPossible(req)]);
        return false;
      };
    });
    host.logIn = wrapped;
    host.login = wrapped;
  }

  /**
   * Records that this browser finished a login that does not log the user in.
   *
   * @throws the error of the session store.
   */
  async finish(req: LoginRequest, handle: string): Promise<void> {
    this.write(req, this.withFinished(req, handle));
    await saveSession(req);
  }

  /** Records that this browser is logged in by this login, for hosts that do not use `logIn`. */
  bind(req: LoginRequest, handle: string): void {
    this.write(req, { ...this.withFinished(req, handle), session: handle });
  }

  private withFinished(req: LoginRequest, handle: string): SessionData {
    const data = this.read(req);
    return {
      ...data,
      pending: data.pending.filter((other) => other !== handle),
      finished: latest(data.finished, handle),
    };
  }

  private read(req: LoginRequest): SessionData {
    const data = req.session?.[this.key] as Partial<SessionData> | undefined;
    return {
      pending: strings(data?.pending),
      finished: strings(data?.finished),
      proofs: proofsOf(data),
      cancelled: strings(data?.cancelled),
      notes: readNotes(data?.notes),
      ...(typeof data?.browser === 'string' && { browser: data.browser }),
      ...(typeof data?.session === 'string' && { session: data.session }),
    };
  }

  /** Members without content are left out, because some sessions are kept in a cookie. */
  private write(req: LoginRequest, { cancelled, notes, ...data }: SessionData): void {
    if (!req.session) return;
    const noted = [...data.pending, ...cancelled].flatMap((handle) =>
      notes[handle] ? [[handle, notes[handle]] as const] : [],
    );
    req.session[this.key] = {
      ...data,
      proofs: proofsOf(data),
      ...(cancelled.length > 0 && { cancelled }),
      ...(noted.length > 0 && { notes: Object.fromEntries(noted) }),
    };
    if (data.session !== undefined) this.onBound(data.session);
  }
}

/**
 * Wraps `logIn`: `prepare` runs before it, and what `prepare` returns runs after it, unless it fails
 * or makes no session. The callback of `logIn` is not called if that resolves to `false`: it would
 * respond a second time, outside of every handler.
 */
function runAround(logIn: LogIn, prepare: () => () => Promise<boolean>): LogIn {
  return function (this: unknown, ...args: any[]) {
    if (args.slice(1).some((arg) => arg?.session === false)) return logIn.apply(this, args);
    const complete = prepare();
    const done = args.at(-1);
    if (typeof done === 'function') {
      return logIn.call(this, ...args.slice(0, -1), (error: unknown, ...rest: unknown[]) => {
        if (error) return done(error, ...rest);
        // Outside the promise, so that an error of the callback is an uncaught exception.
        const call = (...results: unknown[]) => queueMicrotask(() => done(...results));
        complete().then((goesOn) => goesOn && call(error, ...rest), call);
      });
    }
    return Promise.resolve(logIn.apply(this, args)).then(async (result) => {
      await complete();
      return result;
    });
  };
}

async function logOutIfPossible(req: LoginRequest): Promise<void> {
  const { logout } = req as LoginRequest & { logout?: unknown };
  if (typeof logout === 'function') await logOut(req, logout as LogOut);
}

function latest(handles: readonly string[], handle: string): string[] {
  return [...handles.filter((other) => other !== handle), handle].slice(-MAX_PENDING_HANDLES);
}

/** The proofs of pending logins. Others are dropped. */
function proofsOf({ pending, proofs }: Partial<SessionData> = {}): Record<string, string> {
  const known = Object.entries(proofs ?? {}).filter(
    ([handle, proof]) => typeof proof === 'string' && strings(pending).includes(handle),
  );
  return Object.fromEntries(known);
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/**
 * Logs the browser out if its LaunchKey session has ended.
 *
 * @returns `false` if the browser was logged out, otherwise `true`.
 * @throws the error of the store or of the host's `logout`. Then the request must not go on,
 *   because the session may have ended.
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
      'The request has no logout(). Put the check of the LaunchKey session after passport.session().',
    );
  }
  if (await sessions.isOpen(handle)) return true;
  await logOut(req, logout as LogOut);
  // Afterwards: if logout fails, the next request must check the session again.
  browserSession.forgetLaunchKeySession(req);
  return false;
}

type LogOut = (done: (error?: unknown) => void) => unknown;

/**
 * `logout` of Passport 0.6 and later calls back. That of older ones and of @fastify/passport does
 * not.
 */
function logOut(req: LoginRequest, logout: LogOut): Promise<void> {
  if (logout.length === 0) return Promise.resolve(logout.call(req, () => {})).then(() => {});
  return new Promise((resolve, reject) => {
    logout.call(req, (error) => (error ? reject(error) : resolve()));
  });
}

/** Makes middleware of the check; see {@link LaunchKeyStrategy.session}. */
export function sessionHandler(check: (req: LoginRequest) => Promise<boolean>): SessionHandler {
  return (req, res, next) => {
    const begunBefore = res?.headersSent === true;
    // A route that responds after other code has would throw.
    const goOn = (error?: unknown) => {
      if (begunBefore || !res?.headersSent) next(error);
    };
    check(req).then(
      () => goOn(),
      (error) => goOn(hostError(error)),
    );
  };
}
